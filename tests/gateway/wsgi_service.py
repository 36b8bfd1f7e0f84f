"""A service of the WSGI kind behind a gateway, and the requests that are written to the gateway byte by byte.

wsgiref takes an underscore in a header's name for a hyphen and joins what then has one name, as PEP 3333's CGI variables suggest.
"""

import json
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

CLIENT = "127.0.0.2"  # not the address from which the gateway speaks to the portal


class Silent(WSGIRequestHandler):
    def log_message(self, *words: Any) -> None:
        """Not among the tests' lines."""


class Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class WSGIService:
    """Answers with the headers that it sees in its environ. `count`: how many requests have reached it."""

    def __init__(self) -> None:
        self.count = 0
        self.server = Threaded(("127.0.0.1", 0), Silent)
        self.server.set_app(self.application)
        self.port = self.server.server_port
        Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def application(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.count += 1
        body = json.dumps({name: value for name, value in environ.items() if name.startswith("HTTP_")}).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Reply:
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def seen(self) -> dict[str, str]:
        """The headers that the service saw."""
        return json.loads(self.body)

    @property
    def identity(self) -> dict[str, str]:
        return {name: value for name, value in self.seen.items() if name.startswith("HTTP_X_AUTH")}


def send(port: int, token: str | None, lines: Iterable[str] = (), client: str = CLIENT, seconds: float = 20) -> Reply:
    """GET / with these header lines, as they are."""
    credentials = [] if token is None else [f"Authorization: Bearer {token}"]
    request = "\r\n".join(["GET / HTTP/1.1", f"Host: 127.0.0.1:{port}", *credentials, *lines, "", ""])
    with socket.create_connection(("127.0.0.1", port), timeout=seconds, source_address=(client, 0)) as connection:
        connection.sendall(request.encode("latin-1"))
        response = HTTPResponse(connection)
        response.begin()
        return Reply(response.status, response.headers, response.read())
