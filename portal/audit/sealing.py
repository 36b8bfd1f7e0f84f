"""Gives each entry its place in the chain: a number without gaps, and the hash that covers it and all before it.

One process seals at a time, under a lock on the chain's open head, in short transactions. Requests only insert: none of them waits for it.
An entry is sealed after its transaction is committed, so a reader that has seen a sequence never finds a new entry before it.
"""

import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Q

from portal.audit import former, heads, sealing_sql
from portal.audit.chain import COLUMNS, SEQUENCE, hash_of
from portal.audit.models import Entry, Head
from portal.core.transactions import idle_timeout

BATCH = 1000
LIMIT = timedelta(minutes=1)  # after which PostgreSQL ends the transaction of a process that was lost
AT = COLUMNS.index("at")


def seal_all(now: datetime, seconds: float = 20.0) -> bool:
    """Seals whatever is committed. False if something is left after `seconds`, or nothing can be sealed now."""
    until = time.monotonic() + seconds
    if not former.adopt(now, until):
        return False
    while time.monotonic() < until:
        sealed = seal(now)
        if sealed is None:
            return False
        if sealed < BATCH:
            return True
    return False


def seal(now: datetime) -> int | None:
    """Seals the oldest entries, BATCH at most. Returns how many, None if another process is sealing or the head has a wrong signature."""
    with idle_timeout(LIMIT):
        head = heads.lock_open(now)
        if head is None or not heads.is_signed(head):  # what somebody has written into the head must not get a signature
            heads.report_unsigned(head)
            return None
        found = list(waiting(now).order_by("at", "pk").values_list(*COLUMNS)[:BATCH])
        least = head.day
        for day, rows in groupby(found, key=lambda row: day_of(row, least, now)):
            if day > head.day:
                head = heads.next_day(head, day, now)
            add(head, list(rows))
        if len(found) < BATCH and head.day < heads.today(now):
            heads.next_day(head, heads.today(now), now)
        return len(found)


def waiting(now: datetime) -> Any:
    """Entries to be sealed: those that count no repetitions any more."""
    return Entry.objects.filter(Q(open_until=None) | Q(open_until__lte=now), sequence=None)


def day_of(row: Sequence[Any], least: date, now: datetime) -> date:
    """The day whose head covers the entry: its own in UTC, or a later one if that day is closed. A wrong clock's is not in the future."""
    return max(least, min(row[AT].astimezone(UTC).date(), heads.today(now)))


def add(head: Head, rows: list[tuple[Any, ...]]) -> None:
    """Appends the entries to the chain that ends at `head`."""
    sequence, last = head.sequence, bytes(head.hash)
    sealed = []
    for row in rows:
        sequence += 1
        previous, last = last, hash_of(last, [*row[:SEQUENCE], sequence, *row[SEQUENCE + 1 :]])
        sealed.append(sealing_sql.Sealed(row[0], sequence, previous, last, row[COLUMNS.index("count")]))
    sealing_sql.store(sealed)
    heads.move(head, sequence, last)
