"""The look-ups of one process on PostgreSQL. While a round trip is under way, arrivals wait for the next one, which asks for all of them:
the more there is to do, the less each of them costs.

A round trip that takes long delays only its own requests: what has arrived since is sent on another connection. When the database is
down for everybody, each request fails at once with Unavailable, and one task tries again until the database answers.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

import structlog
from psycopg.pq.abc import PGresult

from tokens.verification.lookup import MOST_SECONDS, Stored, Unavailable
from tokens.verification.postgres import Connection, PreparedElsewhere

log = structlog.get_logger(__name__)
LATE_SECONDS = 0.03
PAUSE_SECONDS = 0.25  # between two attempts while the database is down
MOST_CONNECTIONS = 3
MOST_IN_BATCH = 100  # about 7 kB, which the socket's empty buffer always takes


@dataclass(eq=False, slots=True)
class Waiting:
    """One request's look-up. After a batch that failed it is sent once more, since the connection may have been dead for long; and alone,
    since one row that cannot be read shall not fail those of others."""

    digest: bytes
    reply: asyncio.Future[Stored | None]
    tried: bool = False


@dataclass(eq=False, slots=True)
class Batch:
    """One round trip. `sent_at`: in the loop's time. It is late after LATE_SECONDS."""

    connection: Connection
    entries: list[Waiting]
    sent_at: float
    reply: asyncio.Future[PGresult] = field(init=False)
    timer: asyncio.TimerHandle = field(init=False)
    late: bool = False


class BatchedLookups:
    """Belongs to the event loop in which it is first used."""

    def __init__(self) -> None:
        self.waiting: deque[Waiting] = deque()
        self.idle: list[Connection] = []
        self.under_way: list[Batch] = []
        self.task: asyncio.Task[None] | None = None  # that opens a connection, or waits for the end of an outage
        self.closing: set[asyncio.Task[None]] = set()
        self.prepared = True
        self.down = False
        self.answered_at = 0.0
        self.silent_until = 0.0

    def look_up(self, digest: bytes) -> asyncio.Future[Stored | None]:
        """The token with this digest, or None. Raises Unavailable, now or when it is awaited."""
        if self.down:
            raise Unavailable
        entry = Waiting(digest, asyncio.get_running_loop().create_future())
        self.waiting.append(entry)
        self.dispatch()
        return entry.reply

    def dispatch(self) -> None:
        """Sends what waits, unless a round trip that is not late is under way."""
        if not self.waiting or any(not batch.late for batch in self.under_way):
            return
        while self.idle:
            connection = self.idle.pop()
            if not connection.closed():
                self.send(connection)
                return
        if self.task is None and len(self.under_way) < MOST_CONNECTIONS:
            self.task = asyncio.create_task(self.open())

    def send(self, connection: Connection) -> None:
        number = 1 if self.waiting[0].tried else min(len(self.waiting), MOST_IN_BATCH)
        entries = [self.waiting.popleft() for _ in range(number)]
        batch = Batch(connection, entries, connection.loop.time())
        try:
            batch.reply = connection.fetch([entry.digest for entry in entries])
        except Exception as error:
            self.failed(batch, error)
            return
        batch.timer = connection.loop.call_later(LATE_SECONDS, self.late, batch)
        self.under_way.append(batch)
        batch.reply.add_done_callback(partial(self.answered, batch))

    def answered(self, batch: Batch, reply: asyncio.Future[PGresult]) -> None:
        if batch not in self.under_way:
            reply.exception()  # it came too late, whatever it is
            return
        self.under_way.remove(batch)
        batch.timer.cancel()
        try:
            rows = batch.connection.rows(reply.result())
        except Exception as error:
            self.failed(batch, error)
            return
        self.answered_at = batch.connection.loop.time()
        self.idle.append(batch.connection)
        self.dispatch()
        for entry in batch.entries:
            if not entry.reply.done():
                entry.reply.set_result(rows.get(entry.digest))

    def failed(self, batch: Batch, error: Exception) -> None:
        """Whatever it is: a look-up that nobody ends would never end."""
        batch.connection.close()
        if isinstance(error, PreparedElsewhere):
            self.nothing_prepared()
        if lost := [entry for entry in batch.entries if entry.tried or self.down]:
            give_up(lost)
            self.report(error)
        for entry in reversed(batch.entries):
            if not entry.reply.done():
                entry.tried = True
                self.waiting.appendleft(entry)
        self.dispatch()

    def report(self, error: Exception) -> None:
        """One line a second: it may be the same one for each request."""
        now = time.monotonic()
        if now >= self.silent_until:
            self.silent_until = now + 1
            log.error("a look-up failed", exc_info=error)

    def nothing_prepared(self) -> None:
        self.prepared = False
        for connection in self.idle:
            connection.close()  # each would fail once

    def late(self, batch: Batch) -> None:
        batch.connection.read()  # it may be this process that stood still
        if not batch.reply.done():
            batch.late = True
            batch.timer = batch.connection.loop.call_later(MOST_SECONDS - LATE_SECONDS, self.expired, batch)
            self.dispatch()

    def expired(self, batch: Batch) -> None:
        batch.connection.read()
        if batch.reply.done():
            return
        self.under_way.remove(batch)
        give_up(batch.entries)
        closing = asyncio.create_task(batch.connection.give_up())
        self.closing.add(closing)  # or nothing would keep the task
        closing.add_done_callback(self.closing.discard)
        if self.answered_at < batch.sent_at:
            self.begin_outage("nothing was answered")
        else:
            self.dispatch()

    async def open(self) -> None:
        try:
            async with asyncio.timeout(MOST_SECONDS):
                self.idle.append(await self.connect())
        except Exception as error:
            self.task = None
            if not self.under_way:
                self.begin_outage(type(error).__name__)
            return
        self.task = None
        self.dispatch()

    async def connect(self) -> Connection:
        try:
            return await Connection.open(self.prepared)
        except PreparedElsewhere:
            self.nothing_prepared()
            return await Connection.open(False)

    def begin_outage(self, reason: str) -> None:
        if self.down:
            return  # by an earlier batch; what has failed since waits for nothing
        log.error("the database does not answer look-ups", reason=reason)
        self.down = True
        give_up(self.waiting)
        self.waiting.clear()
        if self.task:
            self.task.cancel()
        self.task = asyncio.create_task(self.end_outage())

    async def end_outage(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                self.idle.append(await self.probe())
                break
            except Exception as error:  # whatever it is, nobody else would ask again
                log.debug("still no answer", reason=type(error).__name__)
        self.down, self.task = False, None
        log.warning("the database answers look-ups again")
        self.dispatch()

    async def probe(self) -> Connection:
        """A connection that has answered. Raises what hinders it."""
        async with asyncio.timeout(MOST_SECONDS):
            connection = await self.connect()
        try:
            async with asyncio.timeout(MOST_SECONDS):
                connection.rows(await connection.fetch([b""]))
        except PreparedElsewhere:
            self.nothing_prepared()
            connection.close()
            raise
        except BaseException:
            await connection.give_up()
            raise
        return connection


def give_up(entries: Iterable[Waiting]) -> None:
    for entry in entries:
        if not entry.reply.done():
            entry.reply.set_exception(Unavailable())
