"""Queueing messages, in the transaction of what they are about. `delivery` sends them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import make_msgid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet

from portal.core.tasks import queue_task
from portal.notifications.models import Message
from portal.notifications.tasks import deliver_messages

KEPT_FOR = timedelta(days=90)
BATCH = 1000


def queue(
    kind: str,
    recipients: Iterable[str],
    *,
    now: datetime,
    about: dict[str, Any] | None = None,
    content: dict[str, Any] | None = None,
    not_before: datetime | None = None,
) -> list[Message]:
    """Queues a message of `kind` to each recipient. `about`: what its renderer needs, in values that JSON knows. With `not_before` the
    messages are held until that time, or until they are released."""
    messages = [
        Message(
            kind=kind,
            recipient=recipient,
            about=about or {},
            content=content,
            created_at=now,
            next_attempt_at=not_before or now,
            message_id=make_msgid(domain=urlsplit(settings.PORTAL_URL).hostname),
        )
        for recipient in recipients
    ]
    Message.objects.bulk_create(messages, batch_size=BATCH)
    if messages and not_before is None:
        queue_task(deliver_messages)
    return messages


def release(messages: QuerySet[Message], now: datetime) -> int:
    """Makes those of `messages` that are held due at `now`. Returns how many."""
    released = messages.filter(state=Message.State.QUEUED, next_attempt_at__gt=now).update(next_attempt_at=now)
    if released:
        queue_task(deliver_messages)
    return released


def requeue(failed: QuerySet[Message], now: datetime) -> int:
    """Has those of `failed` that have failed sent once more, each with the Message-ID that it has. Returns how many."""
    requeued = failed.filter(state=Message.State.FAILED).update(state=Message.State.QUEUED, next_attempt_at=now)
    if requeued:
        queue_task(deliver_messages)
    return requeued


def purge(now: datetime, keep: Iterable[str] = ()) -> int:
    """Deletes messages whose last attempt was 90 days ago and which will not be sent any more, but for those of the kinds in `keep`."""
    finished = Message.objects.filter(state__in=[Message.State.SENT, Message.State.FAILED], last_attempt_at__lt=now - KEPT_FOR)
    return finished.exclude(kind__in=list(keep)).delete()[0]
