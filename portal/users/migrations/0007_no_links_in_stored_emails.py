"""Takes the links that set a password out of stored emails. One that waits gets its text when it is sent, like the new ones; one that
failed for good is not sent again, and needs none."""

import re

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from portal.notifications.migrations._post_office import FAILED, PostOfficeEmail, exists

LINK = re.compile(r"/accounts/password/reset/([0-9A-Za-z]{1,13})-")


def take_out(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if not exists(schema_editor.connection):
        return
    users = apps.get_model("users", "User").objects
    for email in PostOfficeEmail.objects.filter(message__contains="/accounts/password/reset/"):
        found = LINK.search(email.message)
        user = users.filter(pk=int(found[1], 36)).first() if found else None
        if user is None:
            continue
        if email.status != FAILED:
            invited = user.password.startswith("!")  # Django's mark of a password that nobody can type
            email.context = {"writer": "invitation", "user": user.pk} if invited else {"writer": "password_reset"}
        email.message = email.html_message = ""
        email.save(update_fields=["message", "html_message", "context"])


class Migration(migrations.Migration):
    dependencies = [("users", "0006_session_keys_hashed")]
    operations = [migrations.RunPython(take_out, migrations.RunPython.noop)]
