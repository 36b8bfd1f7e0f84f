"""A digest for each mail that notices were sent by before digests were kept, and an end for scans that never came to one."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F

from portal.notifications.migrations._post_office import FAILED, SENT, PostOfficeEmail, exists

STATES = {SENT: "sent", FAILED: "failed"}


def keep(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    notices, digests, runs = (apps.get_model("tokens", name) for name in ("Notice", "Digest", "ScanRun"))
    emails = PostOfficeEmail.objects.in_bulk() if exists(schema_editor.connection) else {}
    for key, run, address in notices.objects.order_by().values_list("email", "run", "address").distinct():
        email = emails.get(key)
        state = STATES.get(email.status, "queued") if email else "sent"
        digest = digests.objects.create(
            run_id=run,
            address=address,
            created_at=email.last_updated if email else notices.objects.filter(address=address).latest("created_at").created_at,
            email=key,
            state=state,
            sent_at=email.last_updated if email and state == "sent" else None,
            message_id=(email.message_id or "") if email else "",
        )
        notices.objects.filter(email=key, run=run, address=address).update(digest=digest)
    runs.objects.filter(finished_at=None).update(finished_at=F("started_at"), error="its process ended")


class Migration(migrations.Migration):
    dependencies = [("tokens", "0005_digests")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
