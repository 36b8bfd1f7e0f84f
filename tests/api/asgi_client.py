"""Requests to the ASGI application in front of Django, made directly, without a server."""

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.datastructures import CaseInsensitiveMapping

from portal.core.asgi import App, Receive, Scope, Send
from portal.core.asgi_client import Message
from portal.oauth.front import front
from portal.oauth.introspection import Cap
from tests import event_loop
from tokens.verification import lookup
from tokens.verification.lookup import Stored

FORM = "application/x-www-form-urlencoded"


class InTheTest:
    """Looks up on the test's own connection, which alone sees what the test's transaction holds."""

    def __init__(self) -> None:
        self.connection: BaseDatabaseWrapper | None = None

    async def look_up(self, digest: bytes) -> Stored | None:
        return self.run(lookup.by_digest, digest)

    def run(self, function: Callable[..., Any], *values: Any) -> Any:
        connections[DEFAULT_DB_ALIAS] = self.connection  # in an event loop Django would make one of its own
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
            return function(*values)


async def django(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes the place of Django, for requests that the front passes on."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"Django"})


lookups = InTheTest()
application = front(django, lookups)


@dataclass
class Reply:
    status: int
    headers: Any
    body: bytes
    bytes_read: int = field(default=0, compare=False)  # of the request's body

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The code of an error response."""
        assert set(self.json) == {"error", "error_description"}
        assert self.json["error_description"].endswith(".")
        return self.json["error"]


def ask(
    path: str = "/verify",
    authorization: str | None = None,
    method: str = "GET",
    body: bytes | None = b"",
    through: App = application,
    **environ: str,
) -> Reply:
    """`body`: None for one that never comes. `environ`: headers and values, named as in WSGI: CONTENT_TYPE, HTTP_COOKIE, ..."""
    values = {"REMOTE_ADDR": "192.0.2.7", "QUERY_STRING": "", "CONTENT_LENGTH": str(len(body or b""))} | environ
    address, query = values.pop("REMOTE_ADDR"), values.pop("QUERY_STRING")
    headers = [(name.removeprefix("HTTP_").replace("_", "-").lower().encode(), value.encode("latin-1")) for name, value in values.items()]
    if authorization is not None:
        headers.append((b"authorization", authorization.encode("latin-1", "replace")))
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name, value) for name, value in headers if value or name != b"content-length"],
        "client": (address, 50000) if address else None,
        "server": ("localhost", 80),
    }
    lookups.connection = connections[DEFAULT_DB_ALIAS]
    lookups.connection.inc_thread_sharing()

    async def cap(self: Cap) -> timedelta | None:
        return lookups.run(self.get)

    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Cap, "get_in_loop", cap)
            return event_loop.run(exchange(through, scope, body))
    finally:
        lookups.connection.dec_thread_sharing()


async def exchange(through: App, scope: Scope, body: bytes | None) -> Reply:
    sent: list[Message] = []
    read = 0

    async def receive() -> Message:
        nonlocal read
        if body is None:
            await asyncio.Event().wait()
            raise AssertionError
        part = body[read : read + 1000]
        read += len(part)
        return {"type": "http.request", "body": part, "more_body": read < len(body)}

    async def send(message: Message) -> None:
        sent.append(message)

    await through(scope, receive, send)
    start, *bodies = sent
    names = [name for name, _ in start["headers"]]
    assert len(set(names)) == len(names), "a header was sent twice"
    headers = CaseInsensitiveMapping({name.decode(): value.decode("latin-1") for name, value in start["headers"]})
    return Reply(start["status"], headers, b"".join(message["body"] for message in bodies), read)


def verify(text: str, **environ: str) -> Reply:
    return ask("/verify", f"Bearer {text}", **environ)


def introspect(caller: str | None, *parameters: tuple[str, str], **environ: str) -> Reply:
    body = urlencode(parameters).encode()
    authorization = f"Bearer {caller}" if caller else None
    return ask("/oauth/introspect", authorization, "POST", body, **{"CONTENT_TYPE": FORM, **environ})
