"""One scan at a time: a run belongs to the process that renews its lease, and is over once that process has died.

All of it are conditional UPDATEs beside a constraint (one unfinished run). If two processes scan all the same, because one of them
was stopped for longer than its lease, the constraints on faults and notices keep each of them single.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from portal.core.transactions import idle_timeout, lock_timeout
from portal.users.models import User
from tokens.models import ScanRun

LEASE = timedelta(minutes=5)
LOCK_TIMEOUT = timedelta(seconds=60)  # for the running scan's transaction: a machine that was lost may leave one behind
ATTEMPTS = 5
DIED = "its process ended"


class Lost(Exception):
    """Another process has taken over: this one was stopped for longer than its lease. Its transaction is rolled back."""


def acquire(now: datetime, triggered_by: str, person: User | None = None) -> ScanRun | None:
    """A new run, which is the caller's to do. None: a scan is running; it will be followed by another one when it is done."""
    for _ in range(ATTEMPTS):
        with suppress(IntegrityError), lock_timeout(LOCK_TIMEOUT):
            return ScanRun.objects.create(triggered_by=triggered_by, person=person, started_at=now, lease_until=timezone.now() + LEASE)
        with lock_timeout(LOCK_TIMEOUT):
            if not close_expired() and ScanRun.objects.filter(finished_at=None).update(again_by=triggered_by):
                return None
    return None


def close_expired() -> int:
    """Closes a run whose process has died. Returns how many: one, or none. A lease further ahead than any that is given is of a clock that
    was wrong."""
    clock = timezone.now()
    over = Q(lease_until__lte=clock) | Q(lease_until__gt=clock + 2 * LEASE)
    return ScanRun.objects.filter(over, finished_at=None).update(finished_at=clock, error=DIED)


@contextmanager
def scan_transaction(run: ScanRun) -> Iterator[None]:
    """A transaction of the scan, which renews the run's lease and locks its row. Raises Lost. It ends with the lease, should this machine
    be lost in the middle."""
    with idle_timeout(LEASE):
        if not ScanRun.objects.filter(pk=run.pk, finished_at=None).update(lease_until=timezone.now() + LEASE):
            raise Lost
        yield


def close(run: ScanRun, **changes: Any) -> None:
    """The run is done, or has failed."""
    ScanRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=timezone.now(), **changes)
