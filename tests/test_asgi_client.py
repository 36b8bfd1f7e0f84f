"""Clients that take a response slowly, or not at all; and the responses that come before Django."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import uvloop

from portal.core import asgi, asgi_client
from portal.core.asgi import InThreads
from portal.core.asgi_client import PART_BYTES, Client, Message, joined
from portal.core.early_responses import described
from tests import event_loop
from tests.test_asgi import Connection, length, run

RUNS_ON = "sqlite"
PARTS = 20


class Taking(Connection):
    """A client that takes parts of the response only while `takes` is set."""

    def __init__(self, **scope: Any) -> None:
        super().__init__(**scope)
        self.takes = asyncio.Event()

    async def send(self, message: Message) -> None:
        await self.takes.wait()
        await super().send(message)


class Parts:
    """A response of PARTS parts, or fewer if it is ended."""

    def __init__(self) -> None:
        self.made, self.closed = 0, threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> "Parts":
        start_response("200 OK", [])
        return self

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(PARTS):
            self.made += 1
            yield b"x" * PART_BYTES

    def close(self) -> None:
        self.closed.set()


def test_a_client_that_does_not_read_keeps_no_thread() -> None:
    parts = Parts()
    app = InThreads(parts, 1)

    async def work() -> None:
        slow, other = Taking(), Connection()
        task = asyncio.create_task(app(slow.scope, slow.receive, slow.send))
        while app.waiting or not parts.made:
            await asyncio.sleep(0.01)
        assert not task.done()
        await app(other.scope, other.receive, other.send)
        assert len(other.body) == PARTS * PART_BYTES
        slow.takes.set()
        await task
        assert slow.body == other.body

    event_loop.run(work())
    assert Client.pending_in_all == 0


def test_a_long_response_is_made_as_fast_as_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi_client, "MOST_PENDING", 2 * PART_BYTES)
    parts = Parts()

    async def work() -> None:
        slow = Taking()
        task = asyncio.create_task(InThreads(parts, 1)(slow.scope, slow.receive, slow.send))
        while parts.made < 4:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert parts.made == 4
        slow.takes.set()
        await task
        assert len(slow.body) == PARTS * PART_BYTES

    event_loop.run(work())


@pytest.mark.parametrize("limit", ["MOST_PENDING", "MOST_PENDING_IN_ALL"])
def test_a_long_response_that_nobody_takes_is_ended(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(asgi_client, limit, PART_BYTES)
    monkeypatch.setattr(asgi_client, "STALL_SECONDS", 0.02)
    parts = Parts()
    assert run(InThreads(parts, 1), Taking()).sent == []
    assert parts.closed.is_set()
    assert parts.made < PARTS
    assert Client.pending_in_all == 0


def test_a_request_that_comes_to_no_thread_waits_for_none() -> None:
    app = InThreads(Parts(), 1)
    with pytest.raises(UnicodeEncodeError):
        run(app, Connection(path="/\udcff"))
    assert app.waiting == 0


def test_threads_end_when_the_server_has_ended() -> None:
    """Which stops as soon as the last byte of a response is sent."""
    go_on = threading.Event()

    def page(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"x" * PART_BYTES
        go_on.wait(30)

    app, connection, loop = InThreads(page, 1), Connection(), uvloop.new_event_loop()
    tasks = []

    async def server() -> None:
        tasks.append(asyncio.create_task(app(connection.scope, connection.receive, connection.send)))
        while not connection.body:
            await asyncio.sleep(0.01)

    with ThreadPoolExecutor(1) as executor:
        executor.submit(loop.run_until_complete, server()).result(30)
        go_on.set()
        ended = threading.Thread(target=app.executor.shutdown, daemon=True)
        ended.start()
        ended.join(10)
        assert not ended.is_alive()
        executor.submit(loop.run_until_complete, tasks[0]).result(30)
    loop.close()


def test_small_chunks_are_joined() -> None:
    chunks = [b"a"] * PART_BYTES + [b"b"]
    assert list(joined(chunks)) == [b"a" * PART_BYTES, b"b"]


@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/api/v1/tokens", b"application/json", b'{"error": "temporarily_unavailable", "error_description": "The portal is busy.'),
        ("/oauth/revoke", b"application/json", b'{"error": "temporarily_unavailable", "error_description": "The portal is busy.'),
        ("/v3/version", b"application/json", b'{"Message": "The portal is busy.'),
        ("/profile/", b"text/html; charset=utf-8", b"<!doctype html>"),
    ],
)
def test_a_response_before_django_has_the_form_of_its_url(
    monkeypatch: pytest.MonkeyPatch, path: str, content_type: bytes, body: bytes
) -> None:
    monkeypatch.setattr(asgi, "MOST_WAITING", 0)
    done = run(InThreads(Parts(), 1), Connection(path=path))
    headers = dict(done.sent[0]["headers"])
    assert (done.status, headers[b"content-type"], headers[b"retry-after"]) == (503, content_type, b"1")
    assert done.body.startswith(body)
    assert int(headers[b"content-length"]) == len(done.body)


def test_a_form_that_does_not_arrive_closes_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "FIRST_BYTES_SECONDS", 0.01)
    done = run(InThreads(Parts(), 1), Connection(b"a", headers=length(3), unfinished=True))
    assert (done.status, (b"connection", b"close") in done.sent[0]["headers"]) == (408, True)
    assert described("/api/v1/tokens", 408)[1].startswith(b'{"error": "invalid_request"')
