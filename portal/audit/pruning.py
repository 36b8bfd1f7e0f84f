"""Deletes entries after their time: whole days, from the old end. The head of the last of them stays, signed as the chain's start."""

import time
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from portal.audit import heads, rows
from portal.audit.models import Entry, Head
from portal.audit.stream import cursors

log = structlog.get_logger(__name__)
BATCH = 5000


def prune(now: datetime, days: int, seconds: float = 300.0) -> int:
    """Deletes entries of days that ended more than `days` ago, for at most `seconds`; the next run goes on. Returns how many."""
    start = move_start(now, days)
    until, deleted = time.monotonic() + seconds, 0
    while start and time.monotonic() < until:
        oldest = Entry.objects.filter(sequence__lte=start.sequence).order_by("sequence").values_list("pk", flat=True)[:BATCH]
        count, _ = QuerySet(Entry).filter(pk__in=list(oldest)).delete()
        deleted += count
        if count < BATCH:
            break
    if deleted:
        log.info("audit trail pruned", entries=deleted, before=str(start and start.day + timedelta(days=1)))
    return deleted


def move_start(now: datetime, days: int) -> Head | None:
    """Makes the last head whose time is over the start of the chain, before any of its entries goes. Returns the start.

    A head that is not signed with a known key is evidence: nothing up to it is deleted."""
    with transaction.atomic():
        start = Head.objects.select_for_update().filter(is_start=True).first()
        over = Head.objects.select_for_update().filter(may_go(now, days)).exclude(closed_at=None)
        last = over.order_by("-number").first()
        if start is None or last is None or last.number <= start.number:
            return start
        if not all(heads.is_signed(head) for head in over):
            log.error("audit trail not pruned: a head has a wrong signature", day=str(last.day))
            return start
        Head.objects.filter(number__lt=last.number).delete()
        last.is_start = True
        heads.sign(last)
        last.save(update_fields=["is_start", "key_id", "signature"])
        heads.report(last)
        cursors.report_lost(start.sequence + 1, last.sequence, now)
        record(start, last, now)
    return last


def record(start: Head, last: Head, now: datetime) -> None:
    """The entry that says so: the portal itself did it."""
    rows.about_the_trail("audit.pruned", now, entries=last.sequence - start.sequence, until=last.day.isoformat()).save()


def may_go(now: datetime, days: int) -> Q:
    """Heads of days whose time is over. What a receiver has not accepted yet (portal/audit/stream) waits for it, but not for ever."""
    end = heads.today(now) - timedelta(days=days)
    delivered = cursors.delivered_by_all()
    waited = Q() if delivered is None else Q(sequence__lte=delivered) | Q(day__lt=end - cursors.LONGEST_WAIT)
    return Q(day__lt=end) & waited
