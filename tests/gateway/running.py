"""nginx as documented, with the portal and a service behind it, each on a free port of the loopback address."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.ports import free_port
from tests.processes.running import REPOSITORY, Program
from tests.services import installed

CONFIGURATION = REPOSITORY / "docs/gateway/nginx.conf"
# `user` has no effect unless root starts nginx; then its worker must be root too, since pytest closes its folders to all others.
AROUND = """
user root;
daemon off; pid nginx.pid; error_log stderr; worker_processes 1;
events {{ worker_connections 256; }}
http {{ access_log off; {paths} include gateway.conf; }}
"""


class Service:
    """What stands behind the gateway. Remembers the requests that reached it."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                service.requests.append((self.command, self.path, self.headers, body))
                self.send_response(200)
                self.send_header("Content-Length", "7")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(b"service")

            do_POST = do_HEAD = do_PUT = do_GET  # noqa: N815 (the library's names)

            def log_message(self, *words: Any) -> None:
                """Not among the tests' lines."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def replaced(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert text.count(old) >= 1, f"{old} is no longer in the documented configuration"
        text = text.replace(old, new)
    return text


def nginx(folder: Path, portal_port: int, service_port: int) -> tuple[Program, int]:
    """The documented configuration, with nothing changed but the addresses."""
    port = free_port()
    changes = {
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{portal_port};",
        "server 127.0.0.1:9000;": f"server 127.0.0.1:{service_port};",
        "listen 8080;": f"listen 127.0.0.1:{port};",
    }
    text = CONFIGURATION.read_text().split("\nupstream", 1)
    (folder / "gateway.conf").write_text(replaced("upstream" + text[1], changes))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = " ".join(f"{kind}_temp_path {kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(AROUND.format(paths=paths))
    command = [installed("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    return Program(command, {"PATH": "/usr/sbin:/usr/bin:/bin"}, folder), port
