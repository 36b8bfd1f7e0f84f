"""Django's pages behind the event loop: bodies are read before a thread is taken, and the number of threads is bounded."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from typing import Any, cast
from urllib.parse import quote_from_bytes, unquote_to_bytes

from a2wsgi.wsgi import WSGIResponder
from django.conf import settings

from portal.core.asgi_client import Chunks, Client, Receive, Send
from portal.core.early_responses import respond_early
from portal.core.request_bodies import normalize_content_type

Scope = dict[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]
Headers = list[tuple[bytes, bytes]]

FIRST_BYTES_SECONDS = 10.0
LEAST_BYTES_A_SECOND = 32 * 1024
LARGE_BYTES = 64 * 1024
MOST_LARGE = 32  # bodies of more than LARGE_BYTES that one process reads at the same time: they are held in memory
MOST_WAITING = 200  # requests for the threads of one InThreads


class Disconnected(Exception):
    """The client is gone, or sent less than it had announced. Nobody waits for a response."""


class TooLarge(Exception):
    """The body has more bytes than are taken."""


async def read_body(receive: Receive, length: int | None, most: int, seconds: float) -> bytes:
    """The request's body: of `length` bytes, or, where the client did not announce it (None), up to `most`.

    Raises Disconnected, TooLarge, and TimeoutError after `seconds`.
    """
    body, more = bytearray(), length != 0
    async with asyncio.timeout(seconds):
        while more and (length is None or len(body) < length):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > most:
                raise TooLarge
    # The server hands over what did arrive before a connection was closed, as if it were all of it: half a form can mean something else.
    if length is not None and len(body) != length:
        raise Disconnected
    return bytes(body)


class Responder(WSGIResponder):
    """a2wsgi's waits in the thread for each message to be queued: for ever, if the server ends as soon as the last byte is sent.

    `on_made` is called once the thread is free, however long the client takes to read the response.
    """

    def __init__(self, app: WSGIApp, executor: ThreadPoolExecutor, on_made: Callable[[], None]) -> None:
        super().__init__(cast(Any, app), executor, send_queue_size=0)  # without a limit: Chunks has one
        self.on_made = on_made

    def send(self, message: Any) -> None:
        self.in_loop(self.send_queue.put_nowait, message)

    def wsgi(self, environ: Any, start_response: Any) -> None:
        try:
            super().wsgi(environ, start_response)
        finally:
            self.in_loop(self.made)

    def made(self) -> None:
        """Called again when the request is over: it may have come to no thread."""
        on_made, self.on_made = self.on_made, lambda: None
        on_made()

    def in_loop(self, function: Callable[..., None], *arguments: Any) -> None:
        with suppress(RuntimeError):  # the event loop is closed
            self.loop.call_soon_threadsafe(function, *arguments)


class InThreads:
    """An ASGI application: a WSGI one, in at most `threads` threads."""

    large = 0

    def __init__(self, app: WSGIApp, threads: int) -> None:
        self.app = app
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix="WSGI")
        self.waiting = 0

    def run(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """In a thread."""
        scope = environ["asgi.scope"]
        client: Client = scope["client_waiting"]
        if client.gone:
            start_response("408 Request Timeout", [])
            return []
        normalize_content_type(environ)
        environ["wsgi.input"] = BytesIO(scope["body"])
        environ["PATH_INFO"] = unquote_to_bytes(scope["raw_path"]).decode("latin-1")
        return Chunks(self.app(environ, start_response), client)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = Client(receive, send)
        headers = plain(scope["headers"])
        length = announced(headers)
        large = length > LARGE_BYTES
        if self.waiting >= MOST_WAITING or (large and InThreads.large >= MOST_LARGE):
            await respond_early(client.send, scope["path"], 503)
            return
        InThreads.large += large
        try:
            body = await read_body(receive, length, length, FIRST_BYTES_SECONDS + length / LEAST_BYTES_A_SECOND)
            await self.respond(scope | {"headers": headers}, body, client)
        except Disconnected:
            await respond_early(client.send, scope["path"], 400)
        except TimeoutError:
            await respond_early(client.send, scope["path"], 408)
        finally:
            InThreads.large -= large

    async def respond(self, scope: Scope, body: bytes, client: Client) -> None:
        scope |= {"client_waiting": client, "body": body, "query_string": quote_from_bytes(scope["query_string"], QUERY).encode()}
        watch = asyncio.create_task(client.watch())
        responder = Responder(self.run, self.executor, self.made)
        self.waiting += 1
        try:
            await responder(cast(Any, scope), cast(Any, client.receive), cast(Any, client.send_part))
        finally:
            responder.made()
            client.forget()
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    def made(self) -> None:
        self.waiting -= 1


QUERY = "".join(map(chr, range(0x21, 0x7F)))  # what a request line may hold stays as it is


def plain(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers without those whose name has an underscore: in WSGI, X_Forwarded_For would be taken for X-Forwarded-For, which a proxy
    answers for (Django's own server leaves them out too)."""
    return [(name, value) for name, value in headers if b"_" not in name]


def announced(headers: Headers) -> int:
    """How many bytes of the body are to be read: 0 where BodyMiddleware rejects the request for its headers."""
    values = {value for name, value in headers if name == b"content-length"}
    if len(values) != 1 or any(name == b"transfer-encoding" for name, _ in headers):
        return 0
    text = values.pop()
    length = int(text[:20]) if text.isdigit() else 0
    return length if length <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE else 0
