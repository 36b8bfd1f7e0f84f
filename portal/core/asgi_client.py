"""The client of a response that a thread makes: how much of it waits for the client, and when the client counts as gone."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PART_BYTES = 64 * 1024  # handing a part over to the event loop costs a switch of threads
MOST_PENDING = 4 * 1024 * 1024  # bytes of one response that wait for its client; a longer response keeps its thread until it is taken
MOST_PENDING_IN_ALL = 64 * 1024 * 1024
STALL_SECONDS = 20.0  # in which a client has to take the part that is next,
LEAST_BYTES_A_SECOND = 8 * 1024  # and longer for a large one


class Client:
    """Who waits for a response. Once gone, what is sent goes nowhere."""

    pending_in_all = 0

    def __init__(self, receive: Receive, send: Send) -> None:
        self.receive, self.asgi_send = receive, send
        self.gone = False
        self.pending = 0
        self.taken = threading.Condition()

    async def watch(self) -> None:
        """Ends when the client is gone. Only for a request whose body was read."""
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.leave()

    async def send(self, message: Message) -> None:
        """Never raises: the thread that makes the response would wait for ever."""
        seconds = STALL_SECONDS + len(message.get("body", b"")) / LEAST_BYTES_A_SECOND
        if not self.gone:
            try:
                async with asyncio.timeout(seconds):
                    await self.asgi_send(message)
            except Exception:  # whatever the server says of a connection that is closed
                self.leave()

    async def send_part(self, message: Message) -> None:
        """`send` for what Chunks has counted."""
        await self.send(message)
        self.count(-len(message.get("body", b"")))

    def leave(self) -> None:
        with self.taken:
            self.gone = True
            self.taken.notify_all()

    def forget(self) -> None:
        """Nothing waits any more."""
        self.gone = True
        self.count(-self.pending)

    def count(self, number: int) -> None:
        """So many bytes more wait for the client."""
        with self.taken:
            self.pending += number
            self.taken.notify_all()
        with LOCK:
            Client.pending_in_all += number

    def wait_for_room(self) -> bool:
        """In a thread: whether the client is there, and took enough for more to be made."""
        with self.taken:
            return self.taken.wait_for(lambda: self.gone or self.has_room(), STALL_SECONDS) and not self.gone

    def has_room(self) -> bool:
        return self.pending <= (MOST_PENDING if Client.pending_in_all < MOST_PENDING_IN_ALL else 0)


LOCK = threading.Lock()


class Chunks:
    """A WSGI response that ends early when its client is gone."""

    def __init__(self, response: Iterable[bytes], client: Client) -> None:
        self.response, self.client = response, client

    def __iter__(self) -> Iterator[bytes]:
        for chunk in joined(self.response):
            if not self.client.wait_for_room():
                self.client.leave()
                break
            self.client.count(len(chunk))
            yield chunk

    def close(self) -> None:
        getattr(self.response, "close", lambda: None)()


def joined(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of at least PART_BYTES: a file comes in hundreds of chunks."""
    parts, size = [], 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size >= PART_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)
