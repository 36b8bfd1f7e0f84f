"""A service that counts the bodies it gets and echoes what comes after an upgrade to WebSocket, a relay that counts what the portal
gets, and the client of both. Frames are bytes like any others here: what gateways understand of WebSocket is the upgrade."""

import base64
import hashlib
import socket
from contextlib import suppress
from email.message import Message
from http.client import HTTPResponse, parse_headers
from io import BytesIO
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
KEY = base64.b64encode(b"sixteen bytes!!!").decode()
UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}")
CLIENT = "127.0.0.2"


def accept(key: str) -> str:
    return base64.b64encode(hashlib.sha1(f"{key}{GUID}".encode()).digest()).decode()


class Threads(ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, handler: type[StreamRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.port = self.server_address[1]
        Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, *words: object) -> None:
        """A client that is gone."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class UpgradingService(Threads):
    """`headers` and `body_bytes`: of the latest request; `count`: how many have come."""

    def __init__(self) -> None:
        self.count, self.headers, self.body_bytes = 0, Message(), 0
        super().__init__(Handler)


class Handler(StreamRequestHandler):
    server: UpgradingService

    def handle(self) -> None:
        while self.rfile.readline().strip():
            headers = parse_headers(self.rfile)
            if headers.get("Upgrade"):
                self.begin(headers, 0)
                self.echo(accept(headers["Sec-WebSocket-Key"]))
                return
            self.begin(headers, self.read_body(headers))
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def begin(self, headers: Message, body_bytes: int) -> None:
        self.server.headers, self.server.body_bytes = headers, body_bytes
        self.server.count += 1

    def read_body(self, headers: Message) -> int:
        left = length = int(headers.get("Content-Length", 0))
        while left and (data := self.rfile.read(min(left, 65536))):
            left -= len(data)
        return length - left

    def echo(self, accepted: str) -> None:
        upgraded = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accepted}")
        self.wfile.write("\r\n".join(["HTTP/1.1 101 Switching Protocols", *upgraded, "", ""]).encode())
        while data := self.request.recv(65536):
            self.request.sendall(data)


class CountingRelay(Threads):
    """Stands before the portal. `received`: how many bytes its clients have sent."""

    def __init__(self, portal_port: int) -> None:
        self.portal_port, self.received = portal_port, 0
        super().__init__(Relay)


class Relay(StreamRequestHandler):
    server: CountingRelay

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.portal_port)) as portal:
            Thread(target=self.send_back, args=(portal,), daemon=True).start()
            while data := self.request.recv(65536):
                self.server.received += len(data)
                portal.sendall(data)

    def send_back(self, portal: socket.socket) -> None:
        with suppress(OSError):
            while data := portal.recv(65536):
                self.request.sendall(data)
            self.request.shutdown(socket.SHUT_WR)


def ask(port: int, token: str | None, *lines: str, method: str = "GET", body: bytes = b"") -> tuple[socket.socket, HTTPResponse]:
    """The connection, still open, and the response's head."""
    credentials = [] if token is None else [f"Authorization: Bearer {token}"]
    length = [f"Content-Length: {len(body)}"] if body else []
    head = "\r\n".join([f"{method} /chat HTTP/1.1", f"Host: 127.0.0.1:{port}", *credentials, *length, *lines, "", ""])
    connection = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(CLIENT, 0))
    with suppress(BrokenPipeError, ConnectionResetError):  # rejected before the body was read
        connection.sendall(head.encode() + body)
    response = HTTPResponse(connection, method=method)
    response.begin()
    return connection, response


def echoed(connection: socket.socket, data: bytes) -> bytes:
    """What comes back when `data` is sent over an open WebSocket."""
    connection.sendall(data)
    found = BytesIO()
    while found.tell() < len(data) and (part := connection.recv(65536)):
        found.write(part)
    return found.getvalue()
