"""Who is notified of what: notices, and the messages that carry them."""

from datetime import datetime

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from portal.core.tasks import look_now
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.notifications import services
from portal.notifications.models import Message
from portal.notifications.tasks import deliver_messages
from tokens.expiry import lease
from tokens.expiry.database import instant
from tokens.expiry.digest import DIGEST, UNDELIVERED
from tokens.expiry.queries import Look
from tokens.models import ScanRun

# A notice stays with its message for ever, and the message keeps its Message-ID: one that has failed is queued again.
REQUEUE = """UPDATE notifications_message SET state = 'queued', next_attempt_at = %(created)s WHERE state = 'failed' AND id IN (
    SELECT n.message_id FROM tokens_notice n JOIN ({untold}) AS untold
    ON untold.id = n.token_id AND untold.threshold = n.threshold AND untold.address = n.address)"""
NOTICES = """INSERT INTO tokens_notice (token_id, threshold, address, message_id, created_at)
    SELECT untold.id, untold.threshold, untold.address, m.id, %(created)s FROM ({untold}) AS untold
    JOIN notifications_message m ON m.recipient = untold.address AND m.kind = %(kind)s AND m.state = 'queued' AND m.attempts = 0
    AND m.next_attempt_at = %(held)s
    WHERE 1 = 1 ORDER BY untold.id, untold.address ON CONFLICT DO NOTHING"""
ADDRESSES = "SELECT DISTINCT untold.address FROM ({untold}) AS untold ORDER BY untold.address"


def write(run: ScanRun, look: Look) -> int:
    """A notice for each due token and recipient that was not notified of it at its threshold or a tighter one. Returns how many messages
    that failed are queued again for them."""
    if not look.rules.tells:
        return 0
    requeued = carry_out(REQUEUE, look)
    if requeued:
        look_now(deliver_messages)
    held = open_messages(run, look)
    carry_out(NOTICES, look, held)
    return requeued


def open_messages(run: ScanRun, look: Look) -> datetime:
    """A message for each address that `look` has something for. They are held until the scan releases them, or until its lease would
    have ended, should it be killed. Returns until when; up to this transaction's end no worker can send them."""
    held = max(look.now, timezone.now()) + lease.LEASE
    keys = list(held_messages(look.now).order_by("pk").select_for_update().values_list("pk", flat=True))  # in one order: no deadlock
    Message.objects.filter(pk__in=keys).update(next_attempt_at=held)
    there = set(held_messages(look.now).values_list("recipient", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(ADDRESSES.format(untold=look.untold(f"({look.brief()}) AS due")), look.values)
        addresses = [address for (address,) in cursor.fetchall() if address not in there]
    services.queue(DIGEST, addresses, now=look.now, about={"scan": run.pk}, not_before=held)
    return held


def held_messages(now: datetime) -> QuerySet[Message]:
    return Message.objects.filter(kind=DIGEST, state=Message.State.QUEUED, attempts=0, next_attempt_at__gt=now)


def carry_out(statement: str, look: Look, held: datetime | None = None) -> int:
    untold = look.untold(f"({look.brief()}) AS due")
    values = {"created": instant(look.now), "kind": DIGEST, "held": held and instant(held)}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(untold=untold), look.values | values)
        return cursor.rowcount


def release(now: datetime) -> int:
    """Has the held messages sent. Returns how many."""
    return services.release(held_messages(now), now)


def forget_unlisted(look: Look) -> None:
    """Clears *Notification not delivered* for addresses that nothing is sent to any more."""
    unreached = Fault.objects.open().filter(source=UNDELIVERED)
    stale = [fault.pk for fault in unreached if not look.rules.tells_address(fault.key)]
    if stale:
        faults.clear_faults(unreached.filter(pk__in=stale), look.now)
