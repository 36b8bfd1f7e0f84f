"""Stores the sessions that there are under a hash of their key, so that nobody is signed out by the upgrade.

The way back signs everybody out: a hash does not give the key back, and the previous release would take the hash itself for one.
"""

import hashlib

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

BATCH = 1000


def hash_keys(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    sessions = apps.get_model("sessions", "Session").objects
    keys = list(sessions.values_list("session_key", flat=True))
    for start in range(0, len(keys), BATCH):
        old = list(sessions.filter(session_key__in=keys[start : start + BATCH]))
        for session in old:
            session.session_key = hashlib.sha256(session.session_key.encode()).hexdigest()[:40]  # portal.users.session_store.stored
        sessions.bulk_create(old)
        sessions.filter(session_key__in=keys[start : start + BATCH]).delete()


def end_all(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("sessions", "Session").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("users", "0005_throttle"), ("sessions", "0001_initial")]
    operations = [migrations.RunPython(hash_keys, end_all)]
