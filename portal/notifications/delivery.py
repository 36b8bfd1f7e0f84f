"""Sends queued messages: each one claimed by one worker, retried with growing pauses, never lost.

A worker claims a message for five minutes by a conditional UPDATE. If it is killed, another one sends the message after that. A kill
between "the mail server accepted it" and "recorded as sent" so sends it twice, with the same Message-ID, by which mail programs
recognise the copy; no order of these two steps would never send twice and never lose.
"""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import Error, close_old_connections, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from portal.core.redaction import redact
from portal.notifications.channels import CHANNELS, Channel
from portal.notifications.models import Message
from portal.notifications.renderers import render
from portal.notifications.signals import message_failed, message_sent

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
PAUSES = [timedelta(minutes=m) for m in (1, 5, 15, 60)] + [timedelta(hours=6)] * 12  # after each failed attempt: three days of them
BATCH = 1000
MAX_DURATION = timedelta(minutes=1)  # of one call
RECORDING_PAUSES = (0.5, 1, 2, 4, 8)  # seconds between attempts to record that a message was sent


def deliver(now: datetime) -> tuple[int, int]:
    """Sends what is due, for a minute at most: the rest is left to the next call, so that a slow mail server does not keep a worker
    from its scans. One failed message does not stop the others. Returns how many were sent and how many failed."""
    outcomes: Counter[str | None] = Counter()
    began = time.monotonic()
    channels = {name: channel() for name, channel in CHANNELS.items()}
    try:
        for message in claim(now):
            spent = timedelta(seconds=time.monotonic() - began)
            outcomes[attempt(message, channels[message.channel], now + spent)] += 1
            if spent > MAX_DURATION:
                break
    finally:
        for channel in channels.values():
            channel.close()
    return outcomes[Message.State.SENT], outcomes[Message.State.FAILED]


def claim(now: datetime) -> Iterator[Message]:
    """Claims the messages that are due, one at a time, each for this worker alone."""
    # A time further ahead than any that is ever set here comes from a clock that was wrong.
    ready = Q(next_attempt_at__lte=now) | Q(next_attempt_at__gt=now + 2 * max([*PAUSES, LEASE]))
    due = Message.objects.filter(ready, state__in=[Message.State.QUEUED, Message.State.SENDING])
    last = 0
    while keys := list(due.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        for last in keys:
            clock = timezone.now()
            changes = {"state": Message.State.SENDING, "attempts": F("attempts") + 1, "next_attempt_at": clock + LEASE}
            if due.filter(pk=last).update(**changes, last_attempt_at=clock):
                yield Message.objects.get(pk=last)


def attempt(message: Message, channel: Channel, now: datetime) -> str | None:
    """Renders and sends a claimed message. Returns what became of it; None: there was nothing to say."""
    try:
        content = render(message, now)
        if content:
            channel.send(message, content)
    except Exception as error:  # the mail server's, the network's, the file system's, the renderer's: it was not sent
        record_failure(message, error)
        return Message.State.FAILED
    if content is None:
        drop(message)
        return None
    record_sent_reliably(message, content.subject)
    return Message.State.SENT


def record_sent_reliably(message: Message, subject: str) -> None:
    """The message is out. A database that is busy or restarting must not make it go out again."""
    for pause in (*RECORDING_PAUSES, None):
        try:
            record_sent(message, subject)
            break
        except Error as error:
            log.warning("message sent, not recorded yet", message=message.pk, error=type(error).__name__)
            if pause is None:
                raise
            close_old_connections()
            time.sleep(pause)


def record_sent(message: Message, subject: str) -> None:
    now = timezone.now()
    # Also if another worker holds it by now, because this one stood still for longer than its lease: the message is out.
    unsent = Message.objects.filter(pk=message.pk).exclude(state=Message.State.SENT)
    with transaction.atomic():
        if unsent.update(state=Message.State.SENT, sent_at=now, subject=subject, content=None):
            message_sent.send(sender=Message, message=message, now=now)


def record_failure(message: Message, error: Exception) -> None:
    """Plans the next attempt. After the last one (three days) the message has failed, until somebody queues it again."""
    now = timezone.now()
    round_length = len(PAUSES) + 1
    final = message.attempts % round_length == 0
    # A spam filter may quote the link that it did not like. PostgreSQL stores no NUL.
    text = redact(str(error)).replace("\0", "")
    changes: dict[str, Any] = {"last_error": f"{type(error).__name__}: {text}"[:1000]}
    if final:
        changes |= {"state": Message.State.FAILED, "content": None}
    else:
        changes |= {"state": Message.State.QUEUED, "next_attempt_at": now + PAUSES[message.attempts % round_length - 1]}
    with transaction.atomic():
        if not mine(message).update(**changes):
            return
        message_failed.send(sender=Message, message=message, now=now, final=final)
    log.warning("message not sent", message=message.pk, error=type(error).__name__, attempts=message.attempts, final=final)


def drop(message: Message) -> None:
    """There is nothing left to say. If this was the first attempt the message never went out, and is deleted with all that refers to
    it. If not, the mail server may have accepted it: it is kept, so that what it said is not said again by another message."""
    if message.attempts > 1:
        mine(message).update(state=Message.State.FAILED, last_error="", content=None)
    else:
        mine(message).delete()


def mine(message: Message) -> QuerySet[Message]:
    """The claimed message, unless this worker stood still for longer than its lease and another one has claimed or sent it."""
    return Message.objects.filter(pk=message.pk, state=Message.State.SENDING, attempts=message.attempts)
