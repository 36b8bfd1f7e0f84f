"""Moves the emails and digests of the former release, which django-post-office sent, into the outbox: what is queued there is sent from
here, and who was notified of what is kept.

Can be repeated: processes of the former release that still run go on queueing emails in their own tables, and `tokens.former_emails`
moves these too."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import make_msgid
from typing import Any
from urllib.parse import urlsplit

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from portal.notifications.migrations._post_office import FAILED, QUEUED, REQUEUED, SENT, PostOfficeEmail, exists

LEASE = timedelta(minutes=5)  # the former release's
STATES = {SENT: "sent", FAILED: "failed", QUEUED: "queued", REQUEUED: "queued"}
WAITING = Q(status__in=[QUEUED, REQUEUED])


class Digest(models.Model):
    address = models.TextField()
    created_at = models.DateTimeField()
    email_id = models.BigIntegerField(null=True)
    state = models.TextField()
    sent_at = models.DateTimeField(null=True)
    message_id = models.TextField()
    attempts = models.PositiveIntegerField()
    last_error = models.TextField()

    class Meta:
        apps = Apps()
        app_label = "tokens"
        db_table = "tokens_digest"

    def __str__(self) -> str:
        return f"digest {self.pk}"


class Notice(models.Model):
    digest_id = models.BigIntegerField(null=True)
    message_id = models.BigIntegerField(null=True)

    class Meta:
        apps = Apps()
        app_label = "tokens"
        db_table = "tokens_notice"

    def __str__(self) -> str:
        return f"notice {self.pk}"


def new_id() -> str:
    return make_msgid(domain=urlsplit(settings.PORTAL_URL).hostname)


def move(messages: Any, connection: BaseDatabaseWrapper, now: datetime) -> None:
    """To be called in a transaction. `messages`: the manager of Message."""
    if exists(connection):
        messages.bulk_create([*of_emails(messages, now), *of_digests(messages, now)], batch_size=1000, ignore_conflicts=True)
        digest = Digest.objects.filter(pk=OuterRef(OuterRef("digest_id")))
        message = messages.filter(message_id__in=digest.values("message_id"))
        Notice.objects.filter(message_id=None, digest_id__isnull=False).update(message_id=Subquery(message.values("pk")[:1]))


def of_emails(messages: Any, now: datetime) -> Iterator[models.Model]:
    """Messages for the emails that have none yet, but for those that a worker of the former release may be sending at this moment."""
    new = PostOfficeEmail.objects.exclude(Exists(messages.filter(message_id=OuterRef("message_id"))))
    leased = WAITING & Q(scheduled_time__gt=now, scheduled_time__lte=now + LEASE)
    for key in list(new.exclude(leased).order_by("pk").values_list("pk", flat=True)):
        email = PostOfficeEmail.objects.get(pk=key)
        same = PostOfficeEmail.objects.filter(pk=key, status=email.status, scheduled_time=email.scheduled_time)
        first_id = email.message_id or new_id()
        done = email.status if email.status in (SENT, FAILED) else SENT
        if same.update(status=done, message_id=first_id, message="", html_message=""):  # else a worker of the former release has it
            Digest.objects.filter(email_id=key).update(message_id=first_id)
            for number, recipient in enumerate(email.to.split(",")):
                yield of_email(messages, email, recipient.strip(), new_id() if number else first_id, now)


def of_email(messages: Any, email: PostOfficeEmail, recipient: str, message_id: str, now: datetime) -> models.Model:
    context = dict(email.context or {})
    kind = context.pop("writer", "library").replace("-", "_")
    state, retries = STATES.get(email.status, "failed"), email.number_of_retries or 0
    text = {"subject": email.subject, "text": email.message, "html": email.html_message, "headers": email.headers}
    digest = Digest.objects.filter(email_id=email.pk).first()
    return messages.model(
        kind=kind,
        recipient=recipient,
        about=context,
        content=text if state == "queued" and kind == "library" else None,
        state=state,
        subject=email.subject[:200] if state == "sent" else "",
        # Whoever set a time had begun an attempt.
        attempts=retries + 1 if state == "sent" else retries or int(email.scheduled_time is not None),
        last_error=digest.last_error if digest else "",
        message_id=message_id,
        created_at=email.created,
        next_attempt_at=email.scheduled_time or now,
        last_attempt_at=email.last_updated if retries or state != "queued" else None,
        sent_at=email.last_updated if state == "sent" else None,
    )


def of_digests(messages: Any, now: datetime) -> Iterator[models.Model]:
    """Messages for the digests without an email: those that a scan had not handed over yet, and those whose emails were purged."""
    new = Digest.objects.filter(email_id=None).exclude(Exists(messages.filter(message_id=OuterRef("message_id"))))
    for row in new.exclude(state="dropped"):
        message_id = row.message_id or new_id()
        done = row.state if row.state in ("sent", "failed") else "sent"
        if Digest.objects.filter(pk=row.pk, state=row.state, email_id=None).update(state=done, message_id=message_id):
            yield messages.model(
                kind="expiry_digest",
                recipient=row.address,
                state=row.state,
                attempts=row.attempts,
                last_error=row.last_error,
                message_id=message_id,
                created_at=row.created_at,
                next_attempt_at=now,
                last_attempt_at=row.sent_at or (None if row.state == "queued" else row.created_at),
                sent_at=(row.sent_at or row.created_at) if row.state == "sent" else None,
            )


def forwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    move(apps.get_model("notifications", "Message").objects, schema_editor.connection, timezone.now())


def backwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What came from the former release and still waits is queued there again; notices that were written since then get a digest."""
    messages = apps.get_model("notifications", "Message").objects
    if exists(schema_editor.connection):
        for message in messages.filter(state__in=["queued", "sending"]):
            text = message.content or {}
            former = PostOfficeEmail.objects.filter(message_id=message.message_id)
            former.update(status=QUEUED, scheduled_time=None, message=text.get("text", ""), html_message=text.get("html", ""))
            Digest.objects.filter(message_id=message.message_id, email_id=None).update(state="queued", message_id="")
    for message in messages.filter(pk__in=Notice.objects.filter(digest_id=None).values("message_id")):
        state = "sent" if message.state == "sent" else "failed"  # by which the former release notifies them again
        values = {name: getattr(message, name) for name in ("created_at", "sent_at", "message_id", "attempts", "last_error")}
        digest = Digest.objects.create(address=message.recipient, state=state, **values)
        Notice.objects.filter(message_id=message.pk, digest_id=None).update(digest_id=digest.pk)
    Notice.objects.update(message_id=None)
    messages.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_initial"),
        ("tokens", "0013_notices_by_message"),
        ("users", "0007_no_links_in_stored_emails"),
    ]
    operations = [migrations.RunPython(forwards, backwards)]
