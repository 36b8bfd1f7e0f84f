"""SIGTERM while requests are under way: each gets its response, the process ends by itself, and the server says nothing of a kill."""

import socket
import time
from pathlib import Path

import pytest

from tests.factories import ServiceFactory, issue
from tests.processes.running import until
from tests.processes.serving import Server, environment, this_database
from tokens.models import Token

pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
FORM_BYTES = b"token=unknown"


def begin(port: int, path: str, token: str) -> socket.socket:
    """A connection with a request whose form is still coming."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    head += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(FORM_BYTES)}", "", ""]
    connection.sendall("\r\n".join(head).encode() + FORM_BYTES[:3])
    return connection


def finished(connection: socket.socket) -> bytes:
    """The whole response, once the rest of the form is sent and the server has closed the connection."""
    connection.sendall(FORM_BYTES[3:])
    with connection, connection.makefile("rb") as file:
        return file.read()


def test_requests_under_way_are_answered_and_their_uses_written(tmp_path: Path) -> None:
    token, text = issue(ServiceFactory(may_introspect=True))
    with Server(environment(tmp_path, this_database())) as server:
        server.answers()
        connections = [begin(server.port, path, text) for path in ["/oauth/introspect", "/oauth/revoke"] * 3]
        until(lambda: server.verify(text).status == 204, "a response")
        server.connection.close()
        server.process.terminate()
        time.sleep(0.5)
        for connection in connections:
            assert finished(connection).startswith(b"HTTP/1.1 200 ")
        assert server.ends_with_all() == 0, server.output
    assert "refused to gracefully stop" not in server.output
    assert Token.objects.get(pk=token.pk).last_used_at
