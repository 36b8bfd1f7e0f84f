"""Entries of releases before this one, which are rows of django-auditlog: copied once, in the order of their keys.

The table stays as it is, for a release that is rolled back and for what its processes still write during an upgrade. A portal that
never had one has no such table. To be removed in the next release, with `FormerEntry`.
"""

import time
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.apps.registry import Apps
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.models import Exists, OuterRef, QuerySet

from portal.audit import heads
from portal.audit.models import NAME_MAX, Entry
from portal.audit.rows import clean, credential
from portal.audit.slugs import CREATE, DELETE, UPDATE, slug
from portal.core.transactions import idle_timeout

BATCH = 1000
LATE = timedelta(hours=1)  # longer than any transaction: a row whose key is lower may be committed later
ACTIONS = {0: CREATE, 1: UPDATE, 2: DELETE}
OF_CREDENTIAL = ("session", "token", "token_name", "token_hint", "token_owner", "token_created_by", "user_agent")


class FormerEntry(models.Model):
    """A row of django-auditlog. In a registry of its own: a model of the portal whose table may not exist would break `dumpdata`."""

    content_type_id = models.IntegerField()
    object_pk = models.CharField(max_length=255)
    object_repr = models.TextField()
    action = models.PositiveSmallIntegerField()
    changes = models.JSONField(null=True)
    actor_id = models.BigIntegerField(null=True)
    actor_email = models.CharField(max_length=254, null=True)
    remote_addr = models.GenericIPAddressField(null=True)
    timestamp = models.DateTimeField()
    additional_data = models.JSONField(null=True)

    objects: ClassVar[models.Manager["FormerEntry"]] = models.Manager()

    class Meta:
        apps = Apps()
        app_label = "audit"
        db_table = "auditlog_logentry"

    def __str__(self) -> str:
        return self.object_repr


def adopt(now: datetime, until: float) -> bool:
    """Copies what there is, in batches. False if something is left at `until` (of `time.monotonic`) or another process is at it."""
    if FormerEntry._meta.db_table not in connection.introspection.table_names():
        return True
    while time.monotonic() < until:
        copied = adopt_batch(now)
        if copied is None:
            return False
        if copied < BATCH:
            return True
    return False


def adopt_batch(now: datetime) -> int | None:
    """Returns how many were copied, None if another process is sealing."""
    with idle_timeout(timedelta(minutes=1)):
        head = heads.lock_open(now)
        if head is None:
            return None
        rows = list(FormerEntry.objects.filter(pk__gt=head.adopted_id).order_by("pk")[:BATCH])
        if len(rows) < BATCH:
            rows += list(late(head.adopted_id, now)[: BATCH - len(rows)])
        users = get_user_model().objects.in_bulk({row.actor_id for row in rows if row.actor_id})
        copies = [entry(row, users.get(row.actor_id)) for row in rows]
        Entry.objects.bulk_create(copies, ignore_conflicts=True)  # whatever `adopted_id` says, a row is copied once
        if rows:
            head.adopted_id = max(head.adopted_id, *(row.pk for row in rows))
            head.save(update_fields=["adopted_id"])
        return len(rows)


def late(adopted_id: int, now: datetime) -> QuerySet[FormerEntry]:
    """Rows that were committed after one with a higher key."""
    copies = Entry.objects.filter(former_id=OuterRef("pk"))
    return FormerEntry.objects.filter(~Exists(copies), pk__lte=adopted_id, timestamp__gt=now - LATE).order_by("pk")


def entry(row: FormerEntry, actor: Any) -> Entry:
    content_type = ContentType.objects.get_for_id(row.content_type_id)
    model: Any = content_type.model_class()
    kind = getattr(model, "audit_kind", content_type.model)
    data, changes = dict(row.additional_data or {}), row.changes or {}
    trace = {name: data.pop(name) for name in OF_CREDENTIAL if name in data}
    return Entry(
        at=row.timestamp,
        event=data.pop("event", "") or slug(kind, ACTIONS.get(row.action, "accessed"), changes),
        actor_id=row.actor_id,
        actor_name=row.actor_email or str(actor or ""),
        address=row.remote_addr,
        target_kind=kind,
        target_id=row.object_repr if hasattr(model, "audit_id") else row.object_pk,
        target_name=clean(row.object_repr)[:NAME_MAX],
        changes=changes,
        count=data.pop("count", 1),
        details=data,
        former_id=row.pk,
        **credential(trace),
    )
