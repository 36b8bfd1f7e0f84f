"""As much of HTTP/1.1 as a client needs that keeps its connection and sends one request at a time."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
NO_BODY = (204, 304)


def request(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """The bytes of a request. A Content-Length among `headers` may be larger than `body`."""
    lines = {"Host": "127.0.0.1", **({"Content-Length": str(len(body))} if body else {}), **(headers or {})}
    head = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items())]
    return "\r\n".join([*head, "", ""]).encode() + body


@dataclass
class Connection:
    """A connection to 127.0.0.1, opened again by the next request after an error or after the server closed it."""

    port: int
    reader: asyncio.StreamReader = field(init=False)
    writer: asyncio.StreamWriter | None = None

    async def open(self) -> asyncio.StreamWriter:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self.writer

    async def ask(self, data: bytes) -> int:
        """Sends a request and reads its response whole. Returns the status. Raises OSError or EOFError."""
        writer = self.writer or await self.open()
        try:
            writer.write(data)
            return await self.response()
        except BaseException:
            self.close()
            raise

    async def response(self) -> int:
        head = await self.reader.readuntil(b"\r\n\r\n")
        status, length = int(head[9:12]), LENGTH.search(head)
        if length:
            await self.reader.readexactly(int(length[1]))
        elif b"\r\ntransfer-encoding: chunked" in head.lower():
            await self.chunks()
        elif status not in NO_BODY:
            raise EOFError("a response of unknown length")
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return status

    async def chunks(self) -> None:
        """A chunked body, with the empty line after its last chunk."""
        size = 1
        while size:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            await self.reader.readexactly(size + 2)

    def close(self) -> None:
        if self.writer:
            with suppress(OSError):
                self.writer.close()
        self.writer = None
