"""A digest for each mail that notices were sent by before digests were kept, and an end for scans that never came to one."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F
from post_office.models import STATUS

STATES = {STATUS.sent: "sent", STATUS.failed: "failed"}


def keep(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    notices, digests, runs = (apps.get_model("tokens", name) for name in ("Notice", "Digest", "ScanRun"))
    mails = (
        notices.objects.order_by().values("email", "run", "address", "email__status", "email__message_id", "email__last_updated").distinct()
    )
    for mail in mails.iterator():
        state = STATES.get(mail["email__status"], "queued") if mail["email"] else "sent"
        digest = digests.objects.create(
            run_id=mail["run"],
            address=mail["address"],
            created_at=mail["email__last_updated"] or notices.objects.filter(address=mail["address"]).latest("created_at").created_at,
            email_id=mail["email"],
            state=state,
            sent_at=mail["email__last_updated"] if state == "sent" else None,
            message_id=mail["email__message_id"] or "",
        )
        notices.objects.filter(email=mail["email"], run=mail["run"], address=mail["address"]).update(digest=digest)
    runs.objects.filter(finished_at=None).update(finished_at=F("started_at"), error="its process ended")


class Migration(migrations.Migration):
    dependencies = [("tokens", "0005_digests")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
