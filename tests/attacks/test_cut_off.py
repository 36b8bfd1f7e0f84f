"""Connections that are closed at the wrong moment. A closed connection frees its thread: there are two of them."""

import re
import time
from contextlib import suppress
from pathlib import Path

import pytest

from portal import processes
from tests import containers
from tests.attacks import wire
from tests.processes.running import REPOSITORY
from tests.processes.serving import Server

RUNS_ON = "sqlite"
TIMES = 4  # twice as many connections as there are threads
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
CSRF = "Cookie: portal_csrf=" + "x" * 32 + "\r\n"


def post(path: str, rest: str, body: bytes = b"") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{rest}\r\n".encode() + body


GET = b"GET /accounts/sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LENGTH, CHUNKED = "Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"
MULTIPART = "Content-Type: multipart/form-data; boundary=x\r\n"
REQUESTS = {
    "half a request line": b"POST /cli/to",
    "half the headers": b"POST /cli/token HTTP/1.1\r\nHos",
    "no body": post("/cli/token", FORM + LENGTH),
    "half a body": post("/cli/token", FORM + LENGTH, b"code=abc"),
    "half a sign-in": post("/accounts/sign-in/", FORM + CSRF + LENGTH, b"login=abc"),
    "half a body for the API": post("/api/v1/users", "Content-Type: application/json\r\n" + LENGTH, b"{"),
    "half an introspection": post("/oauth/introspect", FORM + LENGTH, b"token=abc"),
    "half a revocation": post("/oauth/revoke", FORM + LENGTH, b"token=abc"),
    "half a chunk": post("/oauth/introspect", FORM + CHUNKED, b"5\r\nab"),
    "no last chunk": post("/accounts/sign-in/", FORM + CSRF + CHUNKED, b"2\r\nab\r\n"),
    "a broken chunk": post("/accounts/sign-in/", FORM + CSRF + CHUNKED, b"zz\r\nab\r\n"),
    "Expect: 100-continue": post("/cli/token", FORM + LENGTH + "Expect: 100-continue\r\n"),
    "pipelined": GET * 10,
    "pipelined, the last one half": GET * 3 + post("/cli/token", FORM + LENGTH, b"code=abc"),
    "half of 100 MB": post("/accounts/sign-in/", FORM + CSRF + "Content-Length: 100000000\r\n", b"a" * 300_000),
    "half an upload": post(
        "/accounts/sign-in/", MULTIPART + CSRF + LENGTH, b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n'
    ),
    "upgrade to h2c": post(
        "/cli/token", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n" + FORM + LENGTH
    ),
    "upgrade to a WebSocket": GET[:-2]
    + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n",
    "HTTP/2 with prior knowledge": wire.http2("/cli/token", "127.0.0.1", 3),
}


def serves(server: Server) -> None:
    """Both threads are free: two pages and a verification are answered, each in time."""
    for path, expected in (("/healthz", 200), ("/healthz", 200), ("/verify", 401)):
        server.connection.close()
        assert server.ask("GET", path, "x").status == expected


@pytest.mark.field
@pytest.mark.parametrize("end", wire.ENDS)
@pytest.mark.parametrize("request_", REQUESTS)
def test_a_connection_that_is_cut_off_frees_its_thread(request_: str, end: str, server: Server) -> None:
    for _ in range(TIMES):
        connection = wire.connect(server.port)
        with suppress(OSError):  # the server may have closed it already
            connection.sendall(REQUESTS[request_])
            time.sleep(0.02)  # so that a thread has begun to read
        wire.ENDS[end](connection)
    serves(server)


HALF_FORMS = {
    "/cli/token": (FORM, b"code=abc&code_verifier=abc"),
    "/accounts/password/reset/": (FORM + CSRF, b"csrfmiddlewaretoken=" + b"x" * 32 + b"&email=ada@example.com"),
    "/oauth/introspect": (FORM, b"token=abc"),
}


@pytest.mark.field
@pytest.mark.parametrize("path", HALF_FORMS)
def test_half_a_form_is_rejected_as_a_whole(path: str, server: Server) -> None:
    """What arrived reads like a form with a shorter value. Introspection authenticates before it reads: 401."""
    headers, body = HALF_FORMS[path]
    connection = wire.connect(server.port)
    connection.sendall(post(path, headers + LENGTH, body))
    connection.shutdown(wire.socket.SHUT_WR)
    answer = connection.recv(65536)
    connection.close()
    assert answer.split(b" ")[1] in (b"400", b"401"), answer
    assert "Traceback" not in server.output


def test_granian_is_started_with_http_1_everywhere() -> None:
    assert b" ".join(word.encode() for word in processes.commands(8000, 2)["web"]).count(b"--http 1 ") == 1
    assert " ".join(containers.image_command()).count("--http 1 ") == 1
    for folder in ("docs", "README.md", "docker-compose.yml", "benchmarks", "tests/processes", ".ci"):
        for file in [REPOSITORY / folder, *Path(REPOSITORY / folder).rglob("*")]:
            if file.is_file() and file.suffix in ("", ".md", ".py", ".yml", ".conf", ".service"):
                for started in re.findall(r"granian\W+--interface[^\n]*", file.read_text()):
                    assert re.search(r"--http\W+1\b", started), file
