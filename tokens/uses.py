"""Last used, and refused uses: noted in memory on the request's path, written behind it.

Each process keeps a buffer and a thread that writes it every few seconds and at exit. A good use costs one entry in a
dictionary; a token's row is written at most once a minute, by one conditional UPDATE for many rows, which never sets a time back.
A crash loses the seconds that were not written yet.
"""

import atexit
import threading
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import Error, close_old_connections, connection
from django.utils import timezone

log = structlog.get_logger(__name__)
EVERY_SECONDS = 3.0
ONE_WRITE_IN = timedelta(minutes=1)
MOST = 100_000  # entries of each kind; beyond, new ones are dropped until the next write

GOOD = {
    "postgresql": """UPDATE tokens_token t SET last_used_at = v.at, last_used_from = v.address
        FROM unnest(%s::uuid[], %s::timestamptz[], %s::inet[]) AS v(id, at, address)
        WHERE t.id = v.id AND (t.last_used_at IS NULL OR t.last_used_at < v.at)""",
    "sqlite": """UPDATE tokens_token SET last_used_at = %s, last_used_from = %s
        WHERE id = %s AND (last_used_at IS NULL OR last_used_at < %s)""",
}
REFUSED = {
    "postgresql": """UPDATE tokens_token t SET refused_count = t.refused_count + v.n,
            refused_from = CASE WHEN t.refused_at > v.at THEN t.refused_from ELSE v.address END,
            refused_at = greatest(t.refused_at, v.at)
        FROM unnest(%s::uuid[], %s::timestamptz[], %s::inet[], %s::int[]) AS v(id, at, address, n) WHERE t.id = v.id""",
    "sqlite": """UPDATE tokens_token SET refused_count = refused_count + %s,
            refused_from = CASE WHEN refused_at > %s THEN refused_from ELSE %s END, refused_at = max(coalesce(refused_at, ''), %s)
        WHERE id = %s""",
}


class Uses:
    """One process's buffer. Safe to use from several threads."""

    def __init__(self) -> None:
        self.good: dict[UUID, tuple[datetime, str | None]] = {}
        self.refused: dict[UUID, tuple[int, datetime, str | None]] = {}
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
                atexit.register(self.finish)

    def run(self) -> None:
        while not self.stop.wait(EVERY_SECONDS):
            self.flush(timezone.now())

    def finish(self) -> None:
        """At exit: all that is left, however lately its row was written."""
        self.stop.set()
        self.flush(timezone.now(), everything=True)

    def flush(self, now: datetime, everything: bool = False) -> None:
        """Writes what is due. What the database did not take is put back."""
        self.written = {token_id: at for token_id, at in self.written.items() if now - at < ONE_WRITE_IN}
        ready = [token_id for token_id in list(self.good) if everything or token_id not in self.written]
        good = {token_id: self.good.pop(token_id) for token_id in ready}
        with self.lock:
            refused, self.refused = self.refused, {}
        try:
            close_old_connections()
            write(good, refused)
        except Error as error:
            log.warning("uses not written", error=type(error).__name__)
            self.put_back(good, refused)
        else:
            self.written |= dict.fromkeys(ready, now)

    def put_back(self, good: dict[UUID, tuple[datetime, str | None]], refused: dict[UUID, tuple[int, datetime, str | None]]) -> None:
        for token_id, use in good.items():
            self.good.setdefault(token_id, use)
        with self.lock:
            for token_id, (count, at, address) in refused.items():
                newer = self.refused.get(token_id, (0, at, address))
                self.refused[token_id] = (count + newer[0], *newer[1:])


def write(good: dict[UUID, tuple[datetime, str | None]], refused: dict[UUID, tuple[int, datetime, str | None]]) -> None:
    """One statement for each of the two on PostgreSQL; in the order of the ids, so that two processes cannot lock each other out."""
    used = sorted((token_id, at, address) for token_id, (at, address) in good.items())
    denied = sorted((token_id, at, address, count) for token_id, (count, at, address) in refused.items())
    vendor = connection.vendor
    with connection.cursor() as cursor:
        if vendor == "postgresql":
            for statement, rows in ((GOOD, used), (REFUSED, denied)):
                if rows:
                    cursor.execute(statement[vendor], [list(column) for column in zip(*rows, strict=True)])
            return
        cursor.executemany(GOOD[vendor], [(stored(at), address, token_id.hex, stored(at)) for token_id, at, address in used])
        cursor.executemany(REFUSED[vendor], [(n, stored(at), address, stored(at), token_id.hex) for token_id, at, address, n in denied])


def stored(instant: datetime) -> str:
    """An instant as Django writes it on SQLite."""
    return connection.ops.adapt_datetimefield_value(instant)


uses = Uses()
note_good, note_refused, flush = uses.note_good, uses.note_refused, uses.flush
