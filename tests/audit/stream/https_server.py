"""A receiver by HTTPS in a thread, which may misbehave."""

import json
import ssl
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self


class HttpsServer:
    """`entries`: what it has accepted. `statuses`: what it responds with, the last one from then on; "close": it closes in the middle of
    the body, "slow": it sends its response a byte at a time, for ever."""

    def __init__(self, certificate: Path) -> None:
        self.entries: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int | str] = [200]
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 5

            def do_POST(self) -> None:
                receiver.respond(self)

            def log_message(self, *args: Any) -> None:
                pass

        return Handler

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == "close":
            handler.rfile.read(20)
            handler.close_connection = True
            return
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.requests.append((handler.path, dict(handler.headers), body))
        if status == "slow":
            with suppress(OSError):
                while True:
                    handler.wfile.write(b"H")
                    time.sleep(0.05)
        if isinstance(status, int):
            if 200 <= status < 300:
                self.entries += [json.loads(line) for line in body.decode().splitlines()]
            handler.send_response(status)
            handler.send_header("Location", f"https://127.0.0.1:{self.port}/elsewhere")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()
