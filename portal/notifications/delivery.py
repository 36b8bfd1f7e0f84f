"""Hands queued mail to the mail server: each one taken by one worker, retried with growing pauses, never lost.

A worker takes a mail by pushing its `scheduled_time` ahead in a conditional UPDATE. If the worker is killed the mail becomes
due again when that time comes. A kill between "the server took it" and "marked sent" so sends it twice, with the same Message-ID,
by which mail programs fold the two into one; there is no order of these two steps that would never send twice and never lose.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from django.db import Error, close_old_connections, transaction
from django.db.models import Q
from django.dispatch import Signal
from django.utils import timezone
from post_office.connections import connections
from post_office.models import STATUS, Email, Log

from portal.core.redaction import redact

log = structlog.get_logger(__name__)

TAKEN_FOR = timedelta(minutes=5)
PAUSES = [timedelta(minutes=m) for m in (1, 5, 15, 60)] + [timedelta(hours=6)] * 12
KEPT_FOR = timedelta(days=90)
AT_ONCE = 1000  # mails looked for at a time
AT_MOST = timedelta(minutes=1)  # for one call
MARKING = (0.5, 1, 2, 4, 8)  # seconds between tries to note that a mail was sent


class Content(NamedTuple):
    subject: str
    text: str
    html: str


# Mails whose text is made when they are sent name who writes it (`context["writer"]`). Rooms above this one add theirs: a function
# of the mail and the time, which returns the text, or None when there is nothing to say any more.
writers: dict[str, Callable[[Email, datetime], Content | None]] = {}

# Sent in the transaction that notes what became of a mail, with `email` and `now`; `refused` with `error`, `attempts`, `gave_up` too.
taken, refused, dropped = Signal(), Signal(), Signal()


def due(now: datetime) -> Iterator[Email]:
    """Takes the mails that are due, one at a time, each for this worker alone."""
    # A time further ahead than any that is ever given here is of a clock that was wrong.
    ready = Q(scheduled_time=None) | Q(scheduled_time__lte=now) | Q(scheduled_time__gt=now + 2 * max(PAUSES[-1], TAKEN_FOR))
    waiting = Email.objects.filter(ready, status__in=[STATUS.queued, STATUS.requeued])
    last = 0
    while keys := list(waiting.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        for last in keys:
            if waiting.filter(pk=last).update(scheduled_time=timezone.now() + TAKEN_FOR):
                yield Email.objects.get(pk=last)


def deliver(now: datetime) -> tuple[int, int]:
    """Sends what is due, for a minute at most: what is left then is for the next call, so that a server that answers slowly does
    not keep a worker from its scans. Returns how many the server took and how many it did not. One refused mail does not stop the
    others."""
    sent = failed = 0
    began = time.monotonic()
    try:
        for email in due(now):
            spent = timedelta(seconds=time.monotonic() - began)
            try:
                if not written(email, now + spent):
                    drop(email)
                    continue
                email.dispatch(commit=False, disconnect_after_delivery=False)
            except Exception as error:  # the mail server's, the network's, the file system's: all mean "not taken"
                failed += 1
                hang_up()
                postpone(email, error)
            else:
                sent += 1
                mark_for_sure(email)
            if spent > AT_MOST:
                break
    finally:
        hang_up()
    return sent, failed


def hang_up() -> None:
    """The next mail opens a connection of its own: on one that has failed, or that an earlier run left, it would not be taken."""
    with suppress(Exception):  # whatever is said to a goodbye
        connections.close()


def written(email: Email, now: datetime) -> bool:
    """Has the mail its text? If it is one that is written now, it gets it, unless there is nothing to say any more."""
    if writer := (email.context or {}).get("writer"):
        content = writers[writer](email, now)
        if content is None:
            return False
        email.subject, email.message, email.html_message = content
    return True


def drop(email: Email) -> None:
    """The mail was never sent, and is not kept."""
    with transaction.atomic():
        dropped.send(sender=Email, email=email)
        email.delete()


def mark_for_sure(email: Email) -> None:
    """The server has taken the mail. A database that is busy or restarted must not make it go out again."""
    for pause in (*MARKING, None):
        try:
            mark_sent(email)
            break
        except Error as error:
            log.warning("mail sent, not marked yet", email=email.pk, error=type(error).__name__)
            if pause is None:
                raise
            close_old_connections()
            time.sleep(pause)


def mark_sent(email: Email) -> None:
    """The text is not kept: it can hold the link that sets a password, and the log is read by operators."""
    now = timezone.now()
    with transaction.atomic():
        Email.objects.filter(pk=email.pk).update(
            status=STATUS.sent, last_updated=now, scheduled_time=None, subject=email.subject, message="", html_message=""
        )
        Log.objects.create(email=email, status=STATUS.sent, message="")
        taken.send(sender=Email, email=email, now=now)


def postpone(email: Email, error: Exception) -> None:
    """Plans the next try, or gives up after the last one (three days)."""
    tries = email.number_of_retries or 0
    gave_up = tries >= len(PAUSES)
    now = timezone.now()
    changes = {"status": STATUS.failed} if gave_up else {"status": STATUS.requeued, "scheduled_time": now + PAUSES[tries]}
    with transaction.atomic():
        # Unless another worker has sent it, because this one stood still for longer than the mail was its own.
        waiting = Email.objects.filter(pk=email.pk, status__in=[STATUS.queued, STATUS.requeued])
        if not waiting.update(number_of_retries=tries + 1, last_updated=now, **changes):
            return
        # A spam filter may quote the link that it did not like.
        Log.objects.create(email=email, status=STATUS.failed, exception_type=type(error).__name__, message=redact(str(error))[:1000])
        refused.send(sender=Email, email=email, now=now, error=error, attempts=tries + 1, gave_up=gave_up)
    log.warning("mail not taken", email=email.pk, error=type(error).__name__, tries=tries + 1, gave_up=gave_up)


def purge(now: datetime) -> int:
    """Deletes finished mails after 90 days."""
    done = Email.objects.filter(status__in=[STATUS.sent, STATUS.failed], last_updated__lt=now - KEPT_FOR)
    return done.delete()[0]
