"""Django behind the event loop: bodies before threads, a bounded number of both, and clients that leave."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from portal.core import asgi
from portal.core.asgi import InThreads, Scope
from portal.core.asgi_client import Message
from portal.oauth.front import read_headers
from tests import event_loop

RUNS_ON = "sqlite"
FORM = (b"content-type", b"application/x-www-form-urlencoded")


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("X-Path", environ["PATH_INFO"]), ("X-Query", environ["QUERY_STRING"])])
    return [body, environ.get("HTTP_X_FORWARDED_FOR", "").encode()]


class Connection:
    """A client: what it sends in which parts, and what it gets. After its last part it waits, or is gone."""

    def __init__(self, *parts: bytes, leaves: bool = False, unfinished: bool = False, **scope: Any) -> None:
        self.parts, self.leaves, self.unfinished = list(parts), leaves, unfinished or leaves
        self.scope: Scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": [],
            "client": ("192.0.2.7", 5000),
        } | scope
        self.sent: list[Message] = []
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        if self.parts:
            part = self.parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(self.parts) or self.unfinished}
        if not self.leaves:
            await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.gone.is_set():
            raise OSError("closed")
        self.sent.append(message)

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


def length(number: int) -> list[tuple[bytes, bytes]]:
    return [FORM, (b"content-length", b"%d" % number)]


def run(app: InThreads, connection: Connection) -> Connection:
    event_loop.run(app(connection.scope, connection.receive, connection.send))
    return connection


def test_a_body_in_parts_arrives_as_one() -> None:
    done = run(InThreads(echo, 1), Connection(b"ab", b"c", b"", b"def", headers=length(6)))
    assert (done.status, done.body) == (200, b"abcdef")


def test_no_thread_is_taken_for_a_body_that_is_still_coming() -> None:
    app = InThreads(echo, 1)

    async def work() -> None:
        slow = [Connection(b"a", headers=length(2), unfinished=True) for _ in range(50)]
        tasks = [asyncio.create_task(app(each.scope, each.receive, each.send)) for each in slow]
        await asyncio.sleep(0.01)
        page = Connection(headers=[])
        await app(page.scope, page.receive, page.send)
        assert page.status == 200
        assert not any(task.done() for task in tasks)
        for each in slow:
            each.gone.set()
        await asyncio.gather(*tasks)
        assert not any(each.sent for each in slow)

    event_loop.run(work())


def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "FIRST_BYTES_SECONDS", 0.01)
    assert run(InThreads(echo, 1), Connection(b"a", headers=length(3), unfinished=True)).status == 408


@pytest.mark.parametrize("leaves", [True, False])
def test_half_a_body_reaches_nobody(leaves: bool) -> None:
    """The server hands over what has arrived as if it were the whole."""
    done = run(InThreads(echo, 1), Connection(b"ab", leaves=leaves, headers=length(3)))
    assert done.status == 400


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"100000000")],
        [(b"content-length", b"1"), (b"content-length", b"2")],
        [(b"content-length", b"x")],
        [(b"content-length", b"\xb2")],
        [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")],
        [(b"transfer-encoding", b"chunked")],
    ],
)
def test_what_the_headers_reject_is_not_read(headers: list[tuple[bytes, bytes]]) -> None:
    connection = Connection(b"hello", headers=headers)
    assert run(InThreads(echo, 1), connection).body == b""


def test_more_requests_than_may_wait_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "MOST_WAITING", 0)
    done = run(InThreads(echo, 1), Connection(headers=[]))
    assert (done.status, (b"retry-after", b"1") in done.sent[0]["headers"]) == (503, True)


def test_only_so_many_large_bodies_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "MOST_LARGE", 0)
    monkeypatch.setattr(asgi, "LARGE_BYTES", 2)
    assert run(InThreads(echo, 1), Connection(b"abc", headers=length(3))).status == 503
    assert run(InThreads(echo, 1), Connection(b"ab", headers=length(2))).status == 200
    assert InThreads.large == 0


def test_a_request_whose_client_has_left_while_it_waited_is_not_run() -> None:
    begun, go_on, ran = threading.Event(), threading.Event(), []

    def busy(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        ran.append(environ["PATH_INFO"])
        begun.set()
        go_on.wait(10)
        start_response("200 OK", [])
        return []

    app = InThreads(busy, 1)

    async def work() -> None:
        first, second = Connection(raw_path=b"/first"), Connection(raw_path=b"/second")
        tasks = [asyncio.create_task(app(each.scope, each.receive, each.send)) for each in (first, second)]
        await asyncio.to_thread(begun.wait, 10)
        second.gone.set()
        await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.gather(*tasks)

    event_loop.run(work())
    assert ran == ["/first"]


def test_a_stream_ends_when_its_client_leaves() -> None:
    closed, leave = threading.Event(), threading.Event()

    class Endless:
        def __iter__(self) -> Iterable[bytes]:
            while True:
                leave.set()
                yield b"x" * 1000

        def close(self) -> None:
            closed.set()

    def stream(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [])
        return Endless()

    async def work() -> None:
        connection = Connection()
        task = asyncio.create_task(InThreads(stream, 1)(connection.scope, connection.receive, connection.send))
        await asyncio.to_thread(leave.wait, 10)
        connection.gone.set()
        await task

    event_loop.run(work())
    assert closed.is_set()


def test_an_error_of_the_application_is_the_servers_to_report() -> None:
    def broken(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(InThreads(broken, 1), Connection())


def test_a_path_and_a_query_may_be_any_bytes() -> None:
    done = run(InThreads(echo, 1), Connection(raw_path=b"/a%20b%ff/%C3%A9", query_string=b"q=%41\xff&z='"))
    headers = dict(done.sent[0]["headers"])
    assert headers[b"x-path"] == b"/a b\xff/\xc3\xa9"
    assert headers[b"x-query"] == b"q=%41%FF&z='"


def test_a_header_with_an_underscore_is_not_the_one_with_a_hyphen() -> None:
    headers = [(b"x_forwarded_for", b"203.0.113.1"), (b"x-forwarded-for", b"198.51.100.1")]
    done = run(InThreads(echo, 1), Connection(headers=headers))
    assert done.body == b"198.51.100.1"
    assert read_headers(Connection(headers=headers[:1]).scope, done.receive).address == "192.0.2.7"


def test_two_lines_of_a_header_are_one_list() -> None:
    headers = [(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")]
    assert read_headers(Connection(headers=headers).scope, Connection().receive).authorization == "Bearer a,Bearer b"
