"""Who is notified of what: notices, and the messages that carry them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils import timezone

from portal.core.insert_select import insert_select
from portal.notifications import services as notifications
from portal.notifications.models import Message
from tokens.expiry.digest import DIGEST
from tokens.expiry.lease import LEASE
from tokens.expiry.policy import Policy
from tokens.expiry.queries import unnotified, with_recipients
from tokens.models import Notice, ScanRun, Token


def write(run: ScanRun, tokens: QuerySet[Token], policy: Policy, now: datetime) -> int:
    """Writes a notice for each of `tokens` and each recipient that was not notified of it at its threshold or a smaller one, with one
    message for each recipient. Returns how many messages that had failed are queued again."""
    requeued = 0
    for each in with_recipients(tokens, policy):
        missing = unnotified(each)
        requeued += requeue(missing, now)
        if recipients := set(missing.order_by().values_list("recipient", flat=True).distinct()):
            hold(run, recipients, now)
            message = held(now).filter(recipient=OuterRef("recipient")).order_by("-pk").values("pk")[:1]
            columns = {"token": F("pk"), "threshold": F("threshold"), "address": F("recipient"), "message": Subquery(message)}
            insert_select(Notice, missing, created_at=now, **columns)
    return requeued


def requeue(missing: QuerySet[Any], now: datetime) -> int:
    """Queues the failed messages again that have notices of `missing` already. These stay with their message and its Message-ID: should
    the mail server have accepted it after all, mail programs show it once."""
    failed = Message.objects.filter(kind=DIGEST, state=Message.State.FAILED)
    if not failed.exists():
        return 0
    theirs = missing.filter(notices__threshold=F("threshold"), notices__address=F("recipient")).values("notices__message")
    return notifications.requeue(failed.filter(pk__in=theirs), due_at(now))


def due_at(now: datetime) -> datetime:
    """From when on a message is due that a scan as of `now`, which need not be the present, has sent."""
    return min(now, timezone.now())


def held(now: datetime) -> QuerySet[Message]:
    """The messages to which notices can still be added. Those that a killed scan leaves are sent once their time is over."""
    return Message.objects.filter(kind=DIGEST, state=Message.State.QUEUED, attempts=0, next_attempt_at__gt=due_at(now))


def hold(run: ScanRun, recipients: Iterable[str], now: datetime) -> None:
    """Gives each of `recipients` a held message, and locks it: no worker can send it before this transaction ends."""
    until = max(now, timezone.now()) + LEASE
    mine = held(now).filter(recipient__in=recipients).order_by("pk").select_for_update()  # in one order, so that there is no deadlock
    found = dict(mine.values_list("pk", "recipient"))
    Message.objects.filter(pk__in=found).update(next_attempt_at=until)
    notifications.queue(DIGEST, sorted(set(recipients) - set(found.values())), now=now, about={"scan": run.pk}, not_before=until)


def release(now: datetime) -> int:
    """Has the held messages sent. Returns how many."""
    return notifications.release(held(now), due_at(now))
