"""What an anonymous visitor can make the portal write to its log: no traceback, no long line, no flood, and no secret."""

import base64
import json
import time
from contextlib import suppress
from typing import Any

import pytest

from tests.attacks import wire
from tests.processes.serving import Server
from tokens import token_format

RUNS_ON = "postgres"
pytestmark = pytest.mark.field
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
CSRF = b"Cookie: portal_csrf=" + b"x" * 32 + b"\r\n"
TOKEN = token_format.generate()
MANY_FIELDS = b"&".join(b"a%d=1" % n for n in range(5000))


def get(path: bytes, headers: bytes = b"", host: bytes = b"127.0.0.1") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + headers + b"\r\n"


def post(path: bytes, body: bytes, headers: bytes = FORM + CSRF) -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + length + b"\r\n" + body


def basic(pair: bytes) -> bytes:
    return b"Authorization: Basic " + base64.b64encode(pair) + b"\r\n"


SIGN_IN, KEY = b"/accounts/sign-in/", b"csrfmiddlewaretoken=" + b"x" * 32
GARBAGE = {
    "a foreign Host": get(b"/", host=b"evil.example"),
    "a Host that is no name": get(b"/", host=b"<script>$(id)"),
    "a Host of 8,000 characters": get(b"/", host=b"a" * 8000),
    "a Host with a bad port": get(b"/", host=b"127.0.0.1:99999999999"),
    "no Host": b"GET / HTTP/1.0\r\n\r\n",
    "two Hosts": get(b"/", b"Host: evil.example\r\n"),
    "X-Forwarded-Host": get(b"/", b"X-Forwarded-Host: evil.example\r\n"),
    "a foreign Host on a POST": post(SIGN_IN, KEY, b"Host: evil.example\r\n" + FORM + CSRF),
    "a path of 60,000 characters": get(b"/" + b"a" * 60_000),
    "a query of 60,000 characters": get(SIGN_IN + b"?" + b"a" * 60_000),
    "NUL in the path": get(b"/profile/%00"),
    "NUL in a name": get(b"/administrator/users/a%00b/"),
    "NUL in the calendar": get(b"/calendar/%00.ics"),
    "NUL in a reset link": get(b"/accounts/password/reset/1%00-abc/"),
    "a reset link with a huge number": get(b"/accounts/password/reset/" + b"z" * 13 + b"-abc/"),
    "a reset link for 64 bits": get(b"/accounts/password/reset/1y2p0ij32e8e8-abc/"),
    "invalid UTF-8 in the path": get(b"/%ff%fe/%c0%80"),
    "raw bytes in the path": get(b"/\xff\xfe"),
    "raw bytes in the query": get(SIGN_IN + b"?next=\xff\xfe"),
    "invalid UTF-8 in the query": get(SIGN_IN + b"?next=%ff%fe%00"),
    "line breaks in the path": get(b"/%0d%0a%0aINFO%20forged"),
    "line breaks in the query": get(SIGN_IN + b"?next=%0d%0aSet-Cookie:%20a=b"),
    "dots in the path": get(b"/static/../../../../etc/passwd"),
    "encoded dots in the path": get(b"/static/%2e%2e/%2e%2e/etc/passwd"),
    "NUL in a static file": get(b"/static/%00"),
    "a long static file": get(b"/static/" + b"a" * 5000),
    "an absolute URL": b"GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "an unknown method": b"BREW / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "CONNECT": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "OPTIONS *": b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "a session cookie with NUL": get(b"/", b'Cookie: portal_session="aaaaaaaa\\000bbbbbbbb"\r\n'),
    "a session cookie of bytes": get(b"/", b"Cookie: portal_session=\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\r\n"),
    "a session cookie of 8,000 characters": get(b"/", b"Cookie: portal_session=" + b"a" * 8000 + b"\r\n"),
    "session cookies of nobody": get(b"/", b"Cookie: portal_session=" + b"a" * 32 + b"\r\n"),
    "a CSRF cookie with NUL": post(SIGN_IN, KEY, FORM + b'Cookie: portal_csrf="xxxxxxxxxxxxxxx\\000xxxxxxxxxxxxxxxx"\r\n'),
    "a CSRF cookie of bytes": post(SIGN_IN, KEY, FORM + b"Cookie: portal_csrf=" + b"\xff" * 32 + b"\r\n"),
    "any other cookie": get(SIGN_IN, b'Cookie: portal_device="\\000\\377:a:b"; messages=\xff; sessionid=%00; =;;; a\r\n'),
    "5,000 fields": post(SIGN_IN, KEY + b"&" + MANY_FIELDS),
    "5,000 fields in the query": get(SIGN_IN + b"?" + MANY_FIELDS),
    "NUL in a form": post(SIGN_IN, KEY + b"&login=a%00b&password=a%00b&next=%00"),
    "invalid UTF-8 in a form": post(SIGN_IN, KEY + b"&login=%ff&password=%ed%a0%80"),
    "raw bytes in a form": post(SIGN_IN, KEY + b"&login=\xff\xfe&password=\x00"),
    "a login of 500,000 characters": post(SIGN_IN, KEY + b"&password=x&login=" + b"a" * 500_000),
    "another charset": post(SIGN_IN, KEY, b"Content-Type: application/x-www-form-urlencoded; charset=utf-7\r\n" + CSRF),
    "a charset that is no text": get(SIGN_IN + b"?next=/x", b"Content-Type: text/plain; charset=hex\r\n"),
    "a charset of the API": post(b"/api/v1/users?x=1", b"{}", b"Content-Type: application/json; charset=base64\r\n"),
    "a charset that is none": post(SIGN_IN, KEY, b"Content-Type: application/x-www-form-urlencoded; charset=\xff\x00\r\n" + CSRF),
    "no CSRF token": post(SIGN_IN, b"login=a"),
    "a foreign Origin": post(SIGN_IN, KEY, FORM + CSRF + b"Origin: https://evil.example\r\n"),
    "an Origin that is none": post(SIGN_IN, KEY, FORM + CSRF + b"Origin: http://[\r\n"),
    "a Referer that is none": post(SIGN_IN, KEY, FORM + CSRF + b"Referer: http://[\r\nX-Forwarded-Proto: https\r\n"),
    "broken multipart": post(SIGN_IN, b"--x\r\n", b"Content-Type: multipart/form-data; boundary=\xff\r\n" + CSRF),
    "a type that is none": post(SIGN_IN, b"x", b"Content-Type: \xff;;;=;charset\r\n" + CSRF),
    "a reset for a bad address": post(b"/accounts/password/reset/", KEY + b"&email=a%00@%ff"),
    "X-Forwarded-For of garbage": get(SIGN_IN, b"X-Forwarded-For: \xff, ::::, 1.2.3.4.5, " + b"9," * 2000 + b"\r\n"),
    "X-Forwarded-Proto of garbage": get(SIGN_IN, b"X-Forwarded-Proto: \xff\r\n"),
    "htmx headers of garbage": get(
        b"/", b"HX-Request: true\r\nHX-Current-URL: http://[\r\nHX-Target: \xff\r\nHX-Current-URL-URI-AutoEncoded: true\r\n"
    ),
    "Accept of garbage": get(b"/api/v1/", b"Accept: \xff;q=;;,/,*/*;q=nan\r\nAccept-Encoding: \xff;q=nan\r\nAccept-Language: \xff\r\n"),
    "If-Modified-Since of garbage": get(
        b"/static/css/portal.css", b"If-Modified-Since: \xff\r\nRange: bytes=9-1,-\r\nIf-None-Match: \xff\r\n"
    ),
    "Authorization of garbage": get(b"/api/v1/whoami", b"Authorization: Bearer \xff\xfe\r\n"),
    "Basic credentials": get(b"/verify", b"Authorization: Basic " + b"=" * 2000 + b"\r\n"),
    "a line break in Basic": get(b"/verify", basic(b"any\r\nX-Auth-Role: administrator:x\n")),
    "NUL in Basic": get(b"/verify", basic(b"any\0:x\0")),
    "bytes in Basic": get(b"/verify", basic(b"\xff\xfe:\xed\xa0\x80%ff%00")),
    "Basic of 60,000 bytes": get(b"/verify", basic(b"a" * 30_000 + b":" + b"%" * 30_000)),
    "two schemes": get(b"/verify", basic(b"any:x") + b"Authorization: Bearer x\r\n"),
    "a secret of garbage": post(b"/oauth/introspect", b"token=x&client_id=%00&client_secret=%ff%00" + b"%" * 5000),
    "two secrets": post(b"/oauth/revoke", b"token=x&client_secret=a&client_secret=b"),
    "a client's request of garbage": get(b"/cli/sign-in?response_type=code&redirect_uri=http%3A%2F%2F%5B%00&client_id=%ff"),
    "metadata by another Host": get(b"/.well-known/oauth-authorization-server", host=b"evil.example"),
    "JSON of garbage": post(b"/api/v1/users", b"[" * 100_000, b"Content-Type: application/json\r\n"),
    "a CLI sign-in of garbage": get(b"/cli/sign-in?port=%00&state=%ff&code_challenge=" + b"9" * 9000),
    "a CLI code of garbage": post(b"/cli/token", b"code=%00&code_verifier=%ff&redirect_uri=%00"),
    "an introspection of garbage": post(b"/oauth/introspect", b"token=%00"),
    "a revocation of garbage": post(b"/oauth/revoke", b"token=%00"),
    "the Django admin": get(b"/admin/tokens/token/?_to_field=x"),
    "the Django admin's sign-in": get(b"/admin/login/?next=%00//evil.example"),
    "the Django admin's views": get(b"/admin/jsi18n/?x=%00"),
}


def answer(server: Server, request: bytes) -> bytes:
    """The first bytes of the answer, or none."""
    connection = wire.connect(server.port)
    found = b""
    with suppress(OSError):
        connection.sendall(request)
        found = connection.recv(65536)
    connection.close()
    return found


def logged(server: Server, since: int) -> list[dict[str, Any]]:
    """The lines since the `since`th, once the server has written all that belongs to earlier requests."""
    server.connection.close()
    assert server.ask("GET", "/healthz", "x").status == 200
    time.sleep(0.1)
    lines = [line for line in server.lines[since:] if line.startswith("{")]
    assert not [line for line in server.lines[since:] if not line.startswith(("{", "["))]
    return [json.loads(line) for line in lines]


def problem(server: Server, request: bytes) -> str:
    """What is wrong with the answer and the lines that a request causes; empty if nothing is."""
    since = len(server.lines)
    found = answer(server, request)
    lines = logged(server, since)
    if found and int(found.split(b" ")[1]) >= 500:
        return f"an error of ours: {str(lines)[-400:]}"
    # Beside Django's line: for a wrong PORTAL_URL, and for a rejected token or a failed sign-in (tests/test_rejection_log.py).
    own = [line for line in lines if line["logger"] in ("portal.core.rejected_forms", "portal.core.rejection_log")]
    if len(lines) > 1 + len(own) or [
        line for line in lines if "exception" in line or "Traceback" in line["event"] or len(json.dumps(line)) > 2000
    ]:
        return f"too much in the log: {str(lines)[:400]}"
    return ""


@pytest.mark.django_db(transaction=True)
def test_garbage_is_a_clear_answer_and_at_most_one_short_line(server: Server) -> None:
    problems = {name: problem(server, request) for name, request in GARBAGE.items()}
    assert not [f"{name}: {found}" for name, found in problems.items() if found]


FLOODS = {
    "foreign Hosts": (get(b"/", host=b"evil.example"), "django.security.DisallowedHost"),
    "pages that are not there": (get(b"/nothing"), "django.request"),
    "forms without a CSRF token": (post(SIGN_IN, b"login=a"), "django.security.csrf"),
    "forms with too many fields": (post(SIGN_IN, KEY + b"&" + MANY_FIELDS), "django.security.TooManyFieldsSent"),
    "forms from elsewhere": (post(SIGN_IN, KEY, FORM + CSRF + b"Origin: https://evil.example\r\n"), "portal.core.rejected_forms"),
    "bodies that are no JSON": (post(b"/api/v1/users", b"{", b"Content-Type: application/json\r\n"), "django.request"),
    "tokens that are wrong": (
        get(b"/verify", b"Authorization: Bearer " + token_format.generate().encode() + b"\r\n"),
        "portal.core.rejection_log",
    ),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_is_a_few_lines_and_the_number_of_the_others(flood: str, server: Server) -> None:
    request, logger = FLOODS[flood]
    since = len(server.lines)
    for _ in range(100):
        answer(server, request)
    lines = [line for line in logged(server, since) if line["level"] != "info"]
    assert len(lines) <= 40  # 10 in each 10 seconds; on a busy machine the flood takes longer
    assert sum(len(json.dumps(line)) for line in lines) < 20_000
    assert {line["logger"] for line in lines} <= {logger, "django.security.csrf" if logger == "portal.core.rejected_forms" else logger}


SECRETS = {
    "a token in a query": get(b"/nothing?token=" + TOKEN.encode()),
    "a token in a path": get(b"/nothing/" + TOKEN.encode()),
    "a token without its end": get(b"/nothing/" + TOKEN[:-6].encode() + b"/x"),
    "a token as a Host": get(b"/", host=TOKEN.encode()),
    "a reset link with a bad Host": get(b"/accounts/password/reset/1-SECRET-KEY/", host=b"evil.example"),
    "a reset link sent by POST": post(b"/accounts/password/reset/1-SECRET-KEY/", b"x=1"),
    "a reset link, mistyped": get(b"/Accounts/Password/Reset/1-SECRET-KEY"),
    "a reset link, encoded": get(b"/x?next=%2Faccounts%2Fpassword%2Freset%2F1-SECRET-KEY%2F"),
    "a reset link as Referer": post(
        SIGN_IN, b"x=1", FORM + CSRF + b"Referer: https://x/accounts/password/reset/1-SECRET-KEY/\r\nX-Forwarded-Proto: https\r\n"
    ),
    "a reset link as Origin": post(SIGN_IN, KEY, FORM + CSRF + b"Origin: https://x/accounts/password/reset/1-SECRET-KEY/\r\n"),
    "a calendar link": get(b"/calendar/SECRET-KEY.ics"),
    "a calendar link with a bad Host": get(b"/calendar/SECRET-KEY.ics", host=b"evil.example"),
    "a sign-in code": get(b"/callback?code=SECRET-KEY" + b"a" * 35 + b"&state=x"),
    "a password in the path": get(b"/nothing;password=SECRET-KEY"),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_that_a_request_carries_is_in_no_line(kind: str, server: Server) -> None:
    since = len(server.lines)
    answer(server, SECRETS[kind])
    logged(server, since)
    written = "".join(server.lines[since:])
    assert "SECRET-KEY" not in written
    assert TOKEN[4:30] not in written
