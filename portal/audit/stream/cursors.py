"""The cursors of receivers: claimed by one worker at a time, and moved forward only."""

import uuid
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from portal.audit.stream import receivers, signals
from portal.audit.stream.models import Target
from portal.core.redaction import redact

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=3)  # longer than a batch can take (delivery.py)
PAUSES = [timedelta(seconds=s) for s in (10, 30, 60, 120, 300)]  # after each failed attempt in a row; the last one from then on
FAULT_AFTER = timedelta(minutes=5)
LONGEST_WAIT = timedelta(days=30)  # for which entries past their time are kept for a receiver that does not accept them


def claim(name: str, now: datetime) -> Target | None:
    """The receiver's row, leased to this worker; None while another one has it, or before the next attempt is due."""
    Target.objects.get_or_create(name=name, defaults={"next_attempt_at": now})
    free = Q(lease=None) | Q(lease_until__lte=now) | Q(lease_until__gt=now + 2 * LEASE)  # the last: by a clock that was wrong
    due = Q(next_attempt_at__lte=now) | Q(next_attempt_at__gt=now + 2 * PAUSES[-1])
    lease = uuid.uuid4()
    if not Target.objects.filter(free, due, name=name).update(lease=lease, lease_until=now + LEASE):
        return None
    return Target.objects.get(name=name, lease=lease)


def mine(target: Target) -> QuerySet[Target]:
    """The row, unless this worker stood still for longer than its lease and another one has claimed it."""
    return Target.objects.filter(pk=target.pk, lease=target.lease)


def record_delivered(target: Target, sequence: int, now: datetime) -> bool:
    """The receiver has everything up to `sequence`. False if the lease is lost: another worker sends these entries again."""
    changes = {"attempts": 0, "failing_since": None, "last_error": ""}
    with transaction.atomic():
        if (
            not mine(target)
            .filter(delivered__lte=sequence)
            .update(delivered=sequence, delivered_at=now, lease_until=now + LEASE, **changes)
        ):
            log.warning("audit receiver: lease lost", target=target.name)
            return False
        if target.failing_since:
            signals.target_recovered.send(sender=Target, name=target.name, now=now)
    if target.failing_since:
        log.info("audit receiver accepts entries again", target=target.name, failing_since=target.failing_since.isoformat())
    target.delivered, target.attempts, target.failing_since = sequence, 0, None
    return True


def record_failure(target: Target, error: Exception, now: datetime) -> None:
    """Plans the next attempt, and ends the lease."""
    attempts, since = target.attempts + 1, target.failing_since or now
    pause = PAUSES[min(attempts, len(PAUSES)) - 1]
    text = redact(f"{type(error).__name__}: {error}").replace("\0", "")[:1000]  # PostgreSQL stores no NUL
    with transaction.atomic():
        changed = mine(target).update(
            attempts=attempts, failing_since=since, last_error=text, next_attempt_at=now + pause, lease=None, lease_until=None
        )
        if changed and now - since >= FAULT_AFTER:
            target.last_error, target.failing_since = text, since
            signals.target_failing.send(sender=Target, target=target, now=now)
    log.warning("audit entries not delivered", target=target.name, error=text, attempts=attempts, delivered=target.delivered)


def release(target: Target) -> None:
    mine(target).update(lease=None, lease_until=None)


def forget_others(now: datetime) -> None:
    """Clears the faults of receivers that are not configured any more. Their cursors stay: who configures them again goes on from there."""
    names = [receiver.name for receiver in receivers.configured().values()]
    for target in Target.objects.exclude(name__in=names).exclude(failing_since=None):
        with transaction.atomic():
            changes = {"attempts": 0, "failing_since": None, "lease": None, "lease_until": None}
            if Target.objects.filter(pk=target.pk, failing_since=target.failing_since).update(**changes):
                signals.target_recovered.send(sender=Target, name=target.name, now=now)


def delivered_by_all() -> int | None:
    """The highest sequence that every configured receiver has accepted. None if none is configured."""
    names = [receiver.name for receiver in receivers.configured().values()]
    if not names:
        return None
    known = dict(Target.objects.filter(name__in=names).values_list("name", "delivered"))
    return min(known.get(name, 0) for name in names)


def report_lost(first: int, last: int, now: datetime) -> None:
    """Entries from `first` to `last` were deleted, LONGEST_WAIT past their time, although some receivers have not accepted them."""
    for receiver in receivers.configured().values():
        target = Target.objects.filter(name=receiver.name).first()
        if last > (target.delivered if target else 0):
            log.error("audit entries deleted before they were delivered", target=receiver.name, first=first, last=last)
            signals.entries_lost.send(sender=Target, name=receiver.name, first=first, last=last, now=now)
