"""Look-ups of the event loop on PostgreSQL: many at once, slow ones, and a database that fails. With real outages: see tests/processes."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg.pq import Format

from tests import event_loop
from tests.factories import ServiceFactory, issue
from tokens import token_format
from tokens.models import Token
from tokens.verification import batches, lookup
from tokens.verification.batches import BatchedLookups
from tokens.verification.lookup import Stored, Unavailable
from tokens.verification.postgres import Connection

RUNS_ON = "postgres"
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="of PostgreSQL alone: in the other half of `make test`"),
]
Look = Callable[[bytes], Awaitable[Stored | None]]


async def close(lookups: BatchedLookups) -> None:
    if lookups.task:
        lookups.task.cancel()
        with suppress(asyncio.CancelledError):
            await lookups.task
    for batch in lookups.under_way:
        batch.timer.cancel()
    await asyncio.gather(*lookups.closing)
    for each in [*lookups.idle, *(batch.connection for batch in lookups.under_way)]:
        each.close()


def run(work: Callable[[BatchedLookups], Coroutine[Any, Any, Any]]) -> Any:
    """What `work` returns, in an event loop as the server's."""

    async def main() -> Any:
        lookups = BatchedLookups()
        try:
            return await work(lookups)
        finally:
            await close(lookups)

    return event_loop.run(main())


async def outcomes(lookups: BatchedLookups, *digests: bytes) -> list[Any]:
    """A row, None or Unavailable for each."""

    async def one(digest: bytes) -> Stored | None:
        return await lookups.look_up(digest)

    return await asyncio.gather(*map(one, digests), return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of digests in each round trip."""
    numbers: list[int] = []
    fetch = Connection.fetch

    def counted(self: Connection, digests: Any) -> Any:
        numbers.append(len(digests))
        return fetch(self, digests)

    monkeypatch.setattr(Connection, "fetch", counted)
    return numbers


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look-ups are given up soon."""
    monkeypatch.setattr(batches, "MOST_SECONDS", 0.4)
    monkeypatch.setattr(batches, "PAUSE_SECONDS", 0.02)


def hold_up(monkeypatch: pytest.MonkeyPatch, digest: bytes) -> None:
    """A round trip with this digest takes three seconds."""
    fetch = Connection.fetch

    def slow(self: Connection, digests: Any) -> Any:
        if digest not in digests:
            return fetch(self, digests)
        self.pgconn.send_query_params(b"SELECT pg_sleep(3)", None, result_format=Format.BINARY)
        return self.sent()

    monkeypatch.setattr(Connection, "fetch", slow)


def test_it_gives_what_the_model_holds_of_a_token_and_its_owner() -> None:
    token, text = issue(ServiceFactory(may_introspect=True), "Müller 😀")
    digest = token_format.digest(text)
    same = Stored.of(Token.objects.select_related("user").get(pk=token.pk))._replace(password="", digest=b"")
    alone, twice, unknown = run(lambda lookups: outcomes(lookups, digest, digest, b"x" * 32))
    for found in (alone, twice, lookup.by_digest(digest)):
        assert found._replace(password="", digest=b"") == same
        assert bytes(found.digest) == digest
        assert (type(found.id), type(found.revoked_at), type(found.owner_active)) == (type(token.pk), type(None), bool)
        assert found.expires_at.utcoffset() is not None
    assert unknown is None


def test_a_digest_of_nobody_gives_none() -> None:
    issue()
    strange = [b"", b"x" * 32, b"\x00" * 32, b"x" * 5_000, b'"\\{},', b"NULL"]
    assert run(lambda lookups: outcomes(lookups, *strange)) == [None] * len(strange)
    assert [lookup.by_digest(digest) for digest in strange] == [None] * len(strange)


def test_arrivals_wait_for_the_round_trip_under_way_and_share_the_next(asked: list[int]) -> None:
    digests = [token_format.digest(issue()[1]) for _ in range(5)]

    async def work(lookups: BatchedLookups) -> list[Any]:
        await lookups.look_up(b"")
        first = lookups.look_up(digests[0])
        others = [lookups.look_up(digest) for digest in digests[1:]]
        return [await each for each in (first, *others)]

    assert [bytes(row.digest) for row in run(work)] == digests
    assert asked == [1, 1, 4]


def test_more_than_a_batch_holds_go_by_several(asked: list[int]) -> None:
    _, text = issue()
    digests = [b"%032d" % number for number in range(250)] + [token_format.digest(text)]
    found = run(lambda lookups: outcomes(lookups, *digests))
    assert found[:-1] == [None] * 250
    assert found[-1].digest == digests[-1]
    assert asked == [100, 100, 51]


@pytest.mark.usefixtures("soon")
def test_a_slow_look_up_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = token_format.digest(issue()[1])
    hold_up(monkeypatch, b"slow")

    async def work(lookups: BatchedLookups) -> None:
        await lookups.look_up(digest)
        slow = lookups.look_up(b"slow")
        while not slow.done():
            assert (await lookups.look_up(digest)).digest == digest
        with pytest.raises(Unavailable):
            await slow
        assert not lookups.down
        assert (await lookups.look_up(digest)).digest == digest

    run(work)


@pytest.mark.usefixtures("soon")
def test_slow_look_ups_end_on_the_server_too(monkeypatch: pytest.MonkeyPatch) -> None:
    hold_up(monkeypatch, b"slow")

    async def work(lookups: BatchedLookups) -> None:
        await lookups.look_up(b"other")
        assert await outcomes(lookups, b"slow") != [None]
        await asyncio.gather(*lookups.closing)

    run(work)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%%' AND state = 'active'")
        assert cursor.fetchone()[0] == 0


@pytest.mark.usefixtures("soon")
def test_when_nothing_is_answered_everybody_hears_so_at_once_until_it_is_again() -> None:
    digest = token_format.digest(issue()[1])

    async def work(lookups: BatchedLookups) -> None:
        await lookups.look_up(digest)
        locker = await Connection.open(False)
        locker.pgconn.send_query(b"BEGIN; LOCK TABLE tokens_token IN ACCESS EXCLUSIVE MODE")
        await locker.sent()
        assert [type(each) for each in await outcomes(lookups, *[digest] * 5)] == [Unavailable] * 5
        assert lookups.down
        with pytest.raises(Unavailable):
            lookups.look_up(digest)
        locker.close()
        await until(lambda: not lookups.down)
        assert (await lookups.look_up(digest)).digest == digest

    run(work)


def test_connections_that_died_are_replaced_and_nobody_notices() -> None:
    digest = token_format.digest(issue()[1])

    async def work(lookups: BatchedLookups) -> None:
        for _ in range(3):
            assert (await lookups.look_up(digest)).digest == digest
            lookups.idle[0].pgconn.send_query(b"SELECT pg_terminate_backend(pg_backend_pid())")
            lookups.idle[0].pgconn.flush()
            assert [row.digest for row in await outcomes(lookups, *[digest] * 3)] == [digest] * 3
        assert not lookups.down

    run(work)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("failure", [OSError("no route"), TimeoutError(), psycopg.OperationalError("refused")])
def test_a_database_that_takes_no_connection_is_down_until_it_takes_one(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    digest = token_format.digest(issue()[1])
    attempts = []
    connect = Connection.open

    async def fails(prepared: bool) -> Connection:
        attempts.append(1)
        if len(attempts) < 4:
            raise failure
        return await connect(prepared)

    monkeypatch.setattr(Connection, "open", fails)

    async def work(lookups: BatchedLookups) -> None:
        assert [type(each) for each in await outcomes(lookups, digest, digest)] == [Unavailable] * 2
        assert lookups.down
        await until(lambda: not lookups.down)
        assert (await lookups.look_up(digest)).digest == digest
        assert len(attempts) == 4

    run(work)


def test_behind_a_pooler_nothing_is_prepared() -> None:
    """Whose transactions go by whichever server connection is free: the statement is another's, or on another one."""
    digest = token_format.digest(issue()[1])

    async def work(lookups: BatchedLookups) -> None:
        await lookups.look_up(digest)
        assert lookups.prepared
        other = lookups.idle[0]
        other.pgconn.send_query(b"DEALLOCATE ALL")
        await other.sent()
        assert [row.digest for row in await outcomes(lookups, *[digest] * 3)] == [digest] * 3
        assert not lookups.prepared
        assert [row.digest for row in await outcomes(lookups, *[digest] * 3)] == [digest] * 3

    run(work)


def test_a_request_that_is_gone_takes_nobody_with_it() -> None:
    digest = token_format.digest(issue()[1])

    async def work(lookups: BatchedLookups) -> None:
        await lookups.look_up(digest)
        first, gone, last = (lookups.look_up(digest) for _ in range(3))
        gone.cancel()
        assert (await first, await last)[1].digest == digest

    run(work)


@pytest.mark.parametrize("place", ["fetch", "rows"])
def test_whatever_one_look_up_fails_with_the_others_in_its_batch_do_not(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """A name that is no UTF-8, for example, in a database that does not check it."""
    digest = token_format.digest(issue()[1])
    unreadable = b"unreadable"
    fetch, rows, asked_for = Connection.fetch, Connection.rows, []

    def fetching(self: Connection, digests: Any) -> Any:
        asked_for[:] = digests
        if place == "fetch" and unreadable in digests:
            raise MemoryError
        return fetch(self, digests)

    def reading(self: Connection, result: Any) -> Any:
        if place == "rows" and unreadable in asked_for:
            raise UnicodeDecodeError("utf-8", b"", 0, 1, "invalid start byte")
        return rows(self, result)

    monkeypatch.setattr(Connection, "fetch", fetching)
    monkeypatch.setattr(Connection, "rows", reading)

    async def work(lookups: BatchedLookups) -> None:
        await lookups.look_up(digest)
        first, bad, last = await outcomes(lookups, digest, unreadable, digest)
        assert (first.digest, type(bad), last.digest) == (digest, Unavailable, digest)
        assert not lookups.down
        assert (await lookups.look_up(digest)).digest == digest

    run(work)


@pytest.mark.usefixtures("soon")
def test_no_error_of_a_new_connection_hinders_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = token_format.digest(issue()[1])
    connect, attempts = Connection.open, []

    async def fails(prepared: bool) -> Connection:
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError
        return await connect(prepared)

    monkeypatch.setattr(Connection, "open", fails)

    async def work(lookups: BatchedLookups) -> None:
        assert [type(each) for each in await outcomes(lookups, digest)] == [Unavailable]
        await until(lambda: not lookups.down)
        assert (await lookups.look_up(digest)).digest == digest

    run(work)


@pytest.mark.usefixtures("soon")
def test_what_fails_during_an_outage_does_not_wait_for_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = token_format.digest(issue()[1])
    hold_up(monkeypatch, b"slow")

    async def work(lookups: BatchedLookups) -> None:
        await lookups.look_up(digest)
        slow = lookups.look_up(b"slow")
        lookups.begin_outage("another batch")
        task = lookups.task
        lookups.begin_outage("a third one")
        assert lookups.task is task  # the attempt under way goes on
        lookups.under_way[0].connection.finish(psycopg.OperationalError("killed"))
        with pytest.raises(Unavailable):
            await slow
        await until(lambda: not lookups.down)

    run(work)


def test_a_batch_that_the_socket_takes_in_parts_is_sent_whole() -> None:
    digest = token_format.digest(issue()[1])

    async def work(lookups: BatchedLookups) -> None:
        await lookups.look_up(digest)
        connection = lookups.idle[0]
        with socket.socket(fileno=os.dup(connection.descriptor)) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        many = [digest, *(b"%032d" % number for number in range(50_000))]
        assert list(connection.rows(await connection.fetch(many))) == [digest]
        assert (await lookups.look_up(digest)).digest == digest

    run(work)


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.usefixtures("soon")
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors where Linux lists them")
def test_outages_leave_no_descriptor_open(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = token_format.digest(issue()[1])
    hold_up(monkeypatch, b"slow")

    async def outage(lookups: BatchedLookups) -> None:
        await outcomes(lookups, b"slow", digest)
        await until(lambda: not lookups.down)
        await asyncio.gather(*lookups.closing)
        lookups.idle[0].pgconn.send_query(b"SELECT pg_terminate_backend(pg_backend_pid())")
        lookups.idle[0].pgconn.flush()
        assert (await lookups.look_up(digest)).digest == digest

    async def work(lookups: BatchedLookups) -> None:
        await outage(lookups)
        before = descriptors()
        for _ in range(3):
            await outage(lookups)
        assert descriptors() <= before

    run(work)
