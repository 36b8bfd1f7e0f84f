"""Uploads by anonymous visitors: rejected by what the headers say, before a byte of them is read or written to a disk."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPResponse
from pathlib import Path

import pytest
from django.core.files import uploadhandler
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.urls import URLPattern, URLResolver, get_resolver

from portal.core.request_bodies import normalize_content_type
from tests.attacks import wire
from tests.processes.serving import Server

RUNS_ON = "sqlite"
SIZE = 20_000_000
MULTIPART = "Content-Type: multipart/form-data; boundary=x\r\n"
CSRF = "Cookie: portal_csrf=" + "x" * 32 + "\r\n"
START = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\nContent-Type: application/octet-stream\r\n\r\n'
PATHS = [
    "/accounts/sign-in/",
    "/profile/tokens/create/",
    "/admin/login/",
    "/admin/",
    "/api/v1/users",
    "/cli/token",
    "/oauth/revoke",
    "/nothing",
]


@pytest.fixture
def no_upload_on_disk() -> Iterator[None]:
    """Django's temporary files are named tmp….upload…. None may appear during the test, however briefly."""
    found: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            found.update(str(path) for path in Path(tempfile.gettempdir()).glob("*.upload*"))

    watcher = threading.Thread(target=look)
    watcher.start()
    yield
    over.set()
    watcher.join()
    assert not found


def upload(port: int, path: str, headers: str, chunks: int) -> tuple[int, int]:
    """Sends up to `chunks` pieces of 64 KiB, and stops when the server closes. Returns the status (0: none) and the bytes it took."""
    connection = wire.connect(port)
    taken = 0
    connection.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{MULTIPART}{CSRF}{headers}\r\n".encode())
    with suppress(OSError):
        connection.sendall(START if "Content-Length" in headers else b"%x\r\n%b\r\n" % (len(START), START))
        for _ in range(chunks):
            piece = b"a" * 65536
            connection.sendall(piece if "Content-Length" in headers else b"10000\r\n" + piece + b"\r\n")
            taken += len(piece)
    status = 0
    with suppress(OSError):
        response = HTTPResponse(connection)
        response.begin()
        status = response.status
    connection.close()
    return status, taken


@pytest.mark.field
@pytest.mark.parametrize("headers", [f"Content-Length: {SIZE}\r\n", "Transfer-Encoding: chunked\r\n"], ids=["length", "chunked"])
@pytest.mark.parametrize("path", PATHS)
def test_an_upload_is_not_read(path: str, headers: str, server: Server, no_upload_on_disk: None) -> None:
    status, _ = upload(server.port, path, headers, chunks=SIZE // 65536)
    assert status in (0, 401, 411, 413, 415), status  # 0: the connection was closed while we were still sending
    server.connection.close()
    assert server.ask("GET", "/healthz", "x").status == 200


@pytest.mark.field
def test_the_answer_comes_before_the_body_does(server: Server) -> None:
    """Only the headers are sent: a server that waited for the body would not answer."""
    for headers, expected in (
        (f"Content-Length: {SIZE}\r\n", 413),
        ("Transfer-Encoding: chunked\r\n", 411),
    ):
        assert upload(server.port, "/accounts/sign-in/", headers, chunks=0)[0] == expected


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)


@pytest.mark.django_db
def test_no_address_parses_a_small_upload_either(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*args: object, **options: object) -> None:
        raise AssertionError("a file was parsed")

    monkeypatch.setattr(uploadhandler.MemoryFileUploadHandler, "new_file", parse)
    paths = {f"/{route}" for route in routes(get_resolver()) if not set(route) & set("<(^$?\\")}
    assert len(paths) > 30
    client = Client(enforce_csrf_checks=True)
    client.cookies["portal_csrf"] = "x" * 32
    body = START + b"content\r\n--x--\r\n"
    for path in sorted(paths):
        answer = client.post(path, body, content_type="multipart/form-data; boundary=x")
        assert answer.status_code == 415 or path in ("/verify", "/oauth/introspect"), path


@pytest.mark.django_db
def test_a_multipart_form_without_files_is_rejected_with_a_page_that_says_so() -> None:
    answer = Client().post("/accounts/sign-in/", {"login": "ada", "password": "x"}, content_type=MULTIPART_CONTENT)
    assert answer.status_code == 415
    assert b"application/x-www-form-urlencoded" in answer.content


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "²", "9" * 5000, "1 1"])
@pytest.mark.django_db
def test_a_strange_length_is_rejected(length: str) -> None:
    answer = Client().generic("POST", "/accounts/sign-in/", "", content_type="application/x-www-form-urlencoded", CONTENT_LENGTH=length)
    assert answer.status_code in (400, 413)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("", ""),
        ("application/json", "application/json"),
        ("application/json; charset=UTF-8", "application/json; charset=UTF-8"),
        ('text/x; charset="utf-8"; a=b', 'text/x; charset="utf-8"; a=b'),
        ("multipart/form-data; boundary=----WebKit7MA4YWxk", "multipart/form-data; boundary=----WebKit7MA4YWxk"),
        ("text/plain; charset=hex", "application/octet-stream"),
        ("text/plain; a=b; Charset=utf-7", "application/octet-stream"),
        ("text/plain; charset*=hex'x'y", "application/octet-stream"),
        ("\xff", "application/octet-stream"),
        ("a/b" + ";" * 50_000 + "=", "application/octet-stream"),
    ],
)
def test_a_content_type_that_django_would_fail_at_is_none(sent: str, read: str) -> None:
    environ = {"CONTENT_TYPE": sent}
    normalize_content_type(environ)
    assert environ["CONTENT_TYPE"] == read
