"""A database that does not even say no: `/verify` answers 503 within 2 seconds, whatever it is that hangs while it connects.

The server is real, and so is the silence: sockets that take no connection, or take it and say nothing.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.db import DEFAULT_DB_ALIAS, connections

from tests.clock import BUSY
from tests.processes.running import until
from tests.processes.serving import Server, environment
from tokens import token_format
from tokens.verification import lookup
from tokens.verification import postgres as prepared
from tokens.verification.postgres import Unavailable

RUNS_ON = "postgres"


@contextmanager
def silent_after_accepting() -> Iterator[int]:
    """The system takes the connection; nobody reads from it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def dropping_packets() -> Iterator[int]:
    """The queue of connections is full, so that the system drops each further attempt, as a firewall does."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        with pytest.raises(TimeoutError):
            socket.create_connection(("127.0.0.1", port), timeout=0.3)
        yield port


@pytest.mark.skipif(os.environ["TEST_DATABASE"] != "postgres", reason="of PostgreSQL alone: in the other half of `make test`")
@pytest.mark.parametrize("hole", [silent_after_accepting, dropping_packets])
def test_a_black_hole_is_answered_within_2_seconds_by_every_request(hole, tmp_path: Path) -> None:  # noqa: ANN001
    with hole() as port:
        url = f"postgres://portal:x@/portal?host=127.0.0.1,127.0.0.1,127.0.0.1&port={port}"  # as a name with several addresses
        with Server(environment(tmp_path, url)) as server:
            server.answers()
            seconds = []
            for _ in range(3):
                reply = server.verify(token_format.generate())
                assert (reply.status, reply.headers["retry-after"]) == (503, "1")
                seconds.append(reply.seconds)
            assert max(seconds) < 2 + BUSY
            assert seconds[0] > 1  # nobody said no
            assert min(seconds[1:]) < 0.5  # the outage is known
            assert server.verify("garbage").status == 401


class Wrapper:
    """Stands for Django's, with a connection that takes its time."""

    vendor, connection, alias = "postgresql", None, "stand-in"

    def __init__(self, seconds: float, error: Exception | None = None) -> None:
        self.seconds, self.error, self.closed = seconds, error, False

    def ensure_connection(self) -> None:
        time.sleep(self.seconds)
        if self.error:
            raise self.error

    def close(self) -> None:
        self.closed = True

    def inc_thread_sharing(self) -> None: ...

    def dec_thread_sharing(self) -> None: ...


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Wrapper]]:
    """The next connections of Django's, in their order."""
    wrappers: list[Wrapper] = []
    before = connections[DEFAULT_DB_ALIAS]
    monkeypatch.setattr(connections, "create_connection", lambda alias: wrappers.pop(0))
    yield wrappers
    connections[DEFAULT_DB_ALIAS] = before


def test_a_connection_that_comes_too_late_is_closed_and_this_thread_keeps_its_own(made: list[Wrapper]) -> None:
    late, before = Wrapper(0.3), connections[DEFAULT_DB_ALIAS]
    made.append(late)
    with pytest.raises(Unavailable):
        prepared.connected(time.monotonic() + 0.05)
    until(lambda: late.closed, "end of the connection", 5)
    assert connections[DEFAULT_DB_ALIAS] is before


def test_one_that_comes_in_time_is_this_threads_from_then_on(made: list[Wrapper]) -> None:
    new = Wrapper(0)
    made.append(new)
    assert prepared.connected(time.monotonic() + 5) is new
    assert (connections[DEFAULT_DB_ALIAS], new.closed) == (new, False)


def test_what_the_attempt_raises_is_heard_by_whoever_waits(made: list[Wrapper]) -> None:
    made.append(Wrapper(0, ZeroDivisionError("whatever")))
    with pytest.raises(ZeroDivisionError):
        prepared.connected(time.monotonic() + 5)


def test_connecting_and_asking_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kept connection that died costs a new one, which has what is left of the time."""
    deadlines: list[float] = []

    class Kept:
        connection: object | None = object()

    def fetch(digest: bytes, deadline: float) -> None:
        deadlines.append(deadline)
        if len(deadlines) == 1:
            raise lookup.Error("gone")

    monkeypatch.setattr(lookup, "fetch", fetch)
    monkeypatch.setattr(lookup.of_thread, "django", Kept())
    monkeypatch.setattr(lookup, "drop", lambda: setattr(lookup.of_thread.django, "connection", None))
    assert lookup.by_digest(b"") is None
    assert len(deadlines) == 2
    assert deadlines[0] == deadlines[1] <= time.monotonic() + lookup.MOST_SECONDS
