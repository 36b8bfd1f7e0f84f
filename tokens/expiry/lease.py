"""One scan at a time: a run belongs to the process that renews its lease, and to the next one once that process has died.

All of it are conditional UPDATEs beside a constraint (one unfinished run). Were two processes at work all the same, because one of
them stood still for longer than its lease, the constraints on faults and notices keep each of them single.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from portal.users.models import User
from tokens.models import Change, ScanRange, ScanRun

LEASE = timedelta(minutes=5)
PATIENCE_SECONDS = 60
TRIES = 5
DIED = "its process ended"


class Lost(Exception):
    """Another process has taken over: this one stood still for longer than its lease. What it did is undone."""


def begin(now: datetime, asked_by: str, person: User | None = None) -> ScanRun | None:
    """The run that is the caller's to do: a new one, or a large one whose process has died. None: another process is at work;
    it has been told to look once more when it is done.

    Whoever asks, and is not the clock, asks about everything. That is written down like a change: it outlives whichever scan fails."""
    if asked_by != ScanRun.Asker.SCHEDULE:
        Change.objects.create(key="")
    for _ in range(TRIES):
        with suppress(IntegrityError), patient():
            return ScanRun.objects.create(asked_by=asked_by, person=person, started_at=now, lease_until=timezone.now() + LEASE)
        with patient():
            if run := take_over(asked_by):
                return run
        with patient():
            if ScanRun.objects.filter(finished_at=None).update(again_by=asked_by):
                return None
    return None


@contextmanager
def patient() -> Iterator[None]:
    """A transaction that waits for the one at work, but not for ever: a lost machine may leave its transaction behind."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'")
        yield


@contextmanager
def at_work() -> Iterator[None]:
    """A transaction of the scan. PostgreSQL ends it with the lease, should this machine be lost in the middle: the run's row is
    locked by it."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{LEASE.total_seconds():.0f}s'")
        yield


def over() -> Q:
    """Leases that have ended. One further ahead than any that was ever given is of a clock that was wrong."""
    clock = timezone.now()
    return Q(lease_until__lte=clock) | Q(lease_until__gt=clock + 2 * LEASE)


def take_over(asked_by: str) -> ScanRun | None:
    """A large run whose process died, which goes on where that stopped. A small one was undone with its process: it is closed.

    In a transaction: the run's row is locked by the first UPDATE, so that its process, should it live, cannot cut it just now.
    """
    clock = timezone.now()
    dead = ScanRun.objects.filter(over(), finished_at=None)
    run = dead.first()
    # Config may be another one than when its first ranges were done: so everything is looked at once more after it.
    if run is None or not dead.filter(pk=run.pk).update(lease_until=clock + LEASE, again_by=asked_by):
        return None
    if run.ranges.exists():
        return run
    ScanRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=clock, error=DIED)
    return None


def take_range(run: ScanRun) -> ScanRange | None:
    """A range that nobody is at, for this worker alone."""
    free = run.ranges.filter(over(), done_at=None)
    for part in free:
        clock = timezone.now()
        if free.filter(pk=part.pk).update(lease_until=clock + LEASE):
            ScanRun.objects.filter(pk=run.pk, finished_at=None).update(lease_until=clock + LEASE)
            return part
    return None


def give_up(run: ScanRun, error: Exception) -> None:
    """Keeps the failure. A run that was cut into ranges stays unfinished, and the next scan goes on with it."""
    clock = timezone.now()
    mine = ScanRun.objects.filter(pk=run.pk, finished_at=None)
    if run.ranges.exists():
        run.ranges.filter(done_at=None).update(lease_until=clock)
        mine.update(error=type(error).__name__, lease_until=clock)
    else:
        mine.update(error=type(error).__name__, finished_at=clock)
