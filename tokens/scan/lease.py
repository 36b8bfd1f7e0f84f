"""One scan at a time: a run belongs to the process that renews its lease, and to the next one once that process has died.

All of it are conditional UPDATEs beside a constraint (one unfinished run). Were two processes at work all the same, because one of
them stood still for longer than its lease, the constraints on faults and notices keep each of them single.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.users.models import User
from tokens.models import ScanRange, ScanRun

LEASE = timedelta(minutes=5)
TRIES = 5
DIED = "its process ended"


class Lost(Exception):
    """Another process has taken over: this one stood still for longer than its lease. What it did is undone."""


def begin(now: datetime, asked_by: str, person: User | None = None) -> ScanRun | None:
    """The run that is the caller's to do: a new one, or a large one whose process has died. None: another process is at work;
    it has been told to look once more when it is done."""
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                return ScanRun.objects.create(asked_by=asked_by, person=person, started_at=now, lease_until=timezone.now() + LEASE)
        except IntegrityError:
            pass
        if run := take_over():
            return run
        if ScanRun.objects.filter(finished_at=None).update(again=True):
            return None
    return None


def take_over() -> ScanRun | None:
    """A large run whose process died, which goes on where that stopped. A small one was undone with its process: it is closed."""
    clock = timezone.now()
    dead = ScanRun.objects.filter(finished_at=None, lease_until__lt=clock)
    run = dead.first()
    # Config may be another one than when its first ranges were done: so everything is looked at once more after it.
    if run is None or not dead.filter(pk=run.pk).update(lease_until=clock + LEASE, again=True):
        return None
    if run.ranges.exists():
        return run
    ScanRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=clock, error=DIED)
    return None


def take_range(run: ScanRun) -> ScanRange | None:
    """A range that nobody is at, for this worker alone."""
    clock = timezone.now()
    free = run.ranges.filter(done_at=None, lease_until__lte=clock)
    for part in free:
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
