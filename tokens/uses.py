"""Last used, and refused uses: noted in memory on the request's path, written behind it.

Each process keeps a buffer and a thread that writes it every few seconds and at exit. A good use costs one entry in a
dictionary; a token's row is written at most once a minute, by one conditional UPDATE for many rows, which never sets a time back.
A crash loses the seconds that were not written yet.
"""

import itertools
import threading
from datetime import datetime, timedelta
from multiprocessing.util import Finalize
from typing import Any
from uuid import UUID

import structlog
from django.db import Error, close_old_connections, connection, transaction
from django.utils import timezone

log = structlog.get_logger(__name__)
EVERY_SECONDS = 3.0
ONE_WRITE_IN = timedelta(minutes=1)
MOST = 100_000  # entries of each kind; beyond, new ones are dropped until the next write

AT_ONCE = 1000  # rows in one statement: a row stays locked, and other threads wait for this one, for some milliseconds
PAUSE_SECONDS = 0.02

# Both write rows that are free and leave the others for the next time: a statement that waited for several rows could lock out, and
# be locked out by, an administrator's one. They return the ids that they did not write. A good use is not written either while the
# row holds one (of another process) that is newer, or younger than `before`. LATERAL looks each row up by its key, however many
# tokens there are: a plain join reads the whole table for a thousand rows.
GOOD = {
    "postgresql": """WITH given AS (SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::inet[]) AS v(id, at, address)),
        done AS (UPDATE tokens_token t SET last_used_at = v.at, last_used_from = v.address
            FROM given v CROSS JOIN LATERAL (SELECT f.ctid FROM tokens_token f
                WHERE f.id = v.id AND (f.last_used_at IS NULL OR f.last_used_at < v.at AND f.last_used_at <= %s)
                FOR NO KEY UPDATE SKIP LOCKED) AS free
            WHERE t.ctid = free.ctid RETURNING t.id)
        SELECT id FROM given EXCEPT SELECT id FROM done""",
    "sqlite": """UPDATE tokens_token SET last_used_at = %s, last_used_from = %s
        WHERE id = %s AND (last_used_at IS NULL OR last_used_at < %s AND last_used_at <= %s)""",
}
REFUSED = {
    "postgresql": """WITH given AS (SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::inet[], %s::int[]) AS v(id, at, address, n)),
        done AS (UPDATE tokens_token t SET refused_count = t.refused_count + v.n,
                refused_from = CASE WHEN t.refused_at > v.at THEN t.refused_from ELSE v.address END,
                refused_at = greatest(t.refused_at, v.at)
            FROM given v CROSS JOIN LATERAL (SELECT f.ctid FROM tokens_token f WHERE f.id = v.id FOR NO KEY UPDATE SKIP LOCKED) AS free
            WHERE t.ctid = free.ctid RETURNING t.id)
        SELECT id FROM given EXCEPT SELECT id FROM done""",
    "sqlite": """UPDATE tokens_token SET refused_count = refused_count + %s,
            refused_from = CASE WHEN refused_at > %s THEN refused_from ELSE %s END, refused_at = max(coalesce(refused_at, ''), %s)
        WHERE id = %s""",
}
Good = dict[UUID, tuple[datetime, str | None]]
Denied = dict[UUID, tuple[int, datetime, str | None]]


class Uses:
    """One process's buffer. Safe to use from several threads."""

    def __init__(self) -> None:
        self.good: Good = {}
        self.refused: Denied = {}
        self.written: dict[UUID, datetime] = {}
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None

    def note_good(self, token_id: UUID, now: datetime, address: str | None) -> None:
        if self.thread is None:
            self.start()
        if token_id in self.good or len(self.good) < MOST:
            self.good[token_id] = (now, address)

    def note_refused(self, token_id: UUID, now: datetime, address: str | None) -> None:
        if self.thread is None:
            self.start()
        with self.lock:
            count = self.refused.get(token_id, (0,))[0]
            if count or len(self.refused) < MOST:
                self.refused[token_id] = (count + 1, now, address)

    def start(self) -> None:
        """The first use starts the thread, so that it runs in the process that serves and not in one that forks."""
        with self.lock:
            if self.thread is None:
                self.thread = threading.Thread(target=self.run, name="token-uses", daemon=True)
                self.thread.start()
                Finalize(None, self.finish, exitpriority=1)  # a forked server process, such as granian's, never comes to atexit

    def run(self) -> None:
        while not self.stop.wait(EVERY_SECONDS):
            self.flush(timezone.now())
            close_old_connections()  # a thread of our own has to do what Django does after each request

    def finish(self) -> None:
        """At exit: all that is left, however lately its row was written."""
        self.stop.set()
        if self.thread:
            self.thread.join(timeout=1)
        close_old_connections()
        self.flush(timezone.now(), everything=True)

    def flush(self, now: datetime, everything: bool = False) -> None:
        """Writes what is due, AT_ONCE rows at a time. What the database did not take now is put back, and tried again."""
        for token_id in [
            *itertools.takewhile(lambda each: now - self.written[each] >= ONE_WRITE_IN, self.written)
        ]:  # the oldest come first
            del self.written[token_id]
        ready = [token_id for token_id in list(self.good) if everything or token_id not in self.written]
        with self.lock:
            refused = list(self.refused)
        for start in range(0, max(len(ready), len(refused)), AT_ONCE):
            if start:
                self.stop.wait(PAUSE_SECONDS)
            part = slice(start, start + AT_ONCE)
            if not self.flush_part(ready[part], refused[part], now, now if everything else now - ONE_WRITE_IN):
                break

    def flush_part(self, ready: list[UUID], denied: list[UUID], now: datetime, before: datetime) -> bool:
        """Returns whether the database took the statements."""
        good = {token_id: use for token_id in ready if (use := self.good.pop(token_id, None))}
        with self.lock:
            refused = {token_id: use for token_id in denied if (use := self.refused.pop(token_id, None))}
        try:
            written, counted = write(good, refused, before)
        except Error as error:
            log.warning("uses not written", error=type(error).__name__)
            self.put_back(good, refused)
            return False
        self.written |= dict.fromkeys(good, now)
        # An older one is let go: its row is gone, or holds a newer use.
        oldest = now - ONE_WRITE_IN
        self.put_back(
            {token_id: use for token_id, use in good.items() if token_id not in written and use[0] > oldest},
            {token_id: use for token_id, use in refused.items() if token_id not in counted and use[1] > oldest},
        )
        return True

    def put_back(self, good: Good, refused: Denied) -> None:
        for token_id, use in good.items():
            self.good.setdefault(token_id, use)
        with self.lock:
            for token_id, (count, at, address) in refused.items():
                newer = self.refused.get(token_id, (0, at, address))
                self.refused[token_id] = (count + newer[0], *newer[1:])


def write(good: Good, refused: Denied, before: datetime) -> tuple[set[UUID], set[UUID]]:
    """Returns the ids whose rows took the good use, and those that took the refused one. All or nothing."""
    used = [(token_id, *use) for token_id, use in good.items()]
    denied = [(token_id, at, address, count) for token_id, (count, at, address) in refused.items()]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return many(cursor, GOOD["postgresql"], used, before), many(cursor, REFUSED["postgresql"], denied)
        return (
            {row[0] for row in used if one(cursor, GOOD["sqlite"], stored(row[1]), row[2], row[0].hex, stored(row[1]), stored(before))},
            {row[0] for row in denied if one(cursor, REFUSED["sqlite"], row[3], stored(row[1]), row[2], stored(row[1]), row[0].hex)},
        )


def many(cursor: Any, statement: str, rows: list[tuple[Any, ...]], *more: Any) -> set[UUID]:
    """A row that somebody changed while the first try ran is only locked by it; the second try sees that change, and writes."""
    ids = {row[0] for row in rows}
    left = ids
    for _ in range(2):
        if not left:
            break
        columns = zip(*(row for row in rows if row[0] in left), strict=True)
        cursor.execute(statement, [*map(array, columns), *more])
        left = {token_id for (token_id,) in cursor.fetchall()}
    return ids - left


def array(values: tuple[Any, ...]) -> str:
    """PostgreSQL's text of an array. Ids, instants, addresses and counts hold nothing that has to be quoted. psycopg's own way costs
    four times as much, all of it taken from the thread that answers requests."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def one(cursor: Any, statement: str, *values: Any) -> bool:
    cursor.execute(statement, values)
    return cursor.rowcount == 1


def stored(instant: datetime) -> str:
    """An instant as Django writes it on SQLite."""
    return connection.ops.adapt_datetimefield_value(instant)


uses = Uses()
note_good, note_refused, flush = uses.note_good, uses.note_refused, uses.flush
