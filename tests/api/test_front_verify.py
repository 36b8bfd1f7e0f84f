"""`GET /verify`: who may pass, what the gateway is told, and the words for all others (RFC 6750)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from portal.core.actors import Actor
from portal.users import services as users
from portal.users.models import User
from tests.api.asgi_client import Reply, ask, verify
from tests.factories import AdministratorFactory, TokenFactory, UserFactory, issue
from tokens import services, token_format
from tokens.models import Token
from tokens.verification import lookup

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db
CHALLENGES = 'Bearer realm="Token Portal", Basic realm="Token Portal", charset="UTF-8"'


def a_token_called(name: str, username: str = "ada@example.com") -> str:
    """A stored token whose names no form has looked at."""
    text = token_format.generate()
    TokenFactory(user=UserFactory(username=username), name=name, digest=token_format.digest(text))
    return text


def test_a_good_token_passes_and_says_whose_it_is() -> None:
    token, text = issue(AdministratorFactory(username="ada@example.com"), "nightly build")
    reply = verify(text)
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers == {
        "X-Auth-User": "ada@example.com",
        "X-Auth-Role": "administrator",
        "X-Auth-Token-Name": "nightly build",
        "X-Auth-Token-Expires": token.expires_at.isoformat(),
        "Cache-Control": "no-store",
    }
    told = datetime.fromisoformat(reply.headers["X-Auth-Token-Expires"])
    assert (told, told.tzinfo) == (token.expires_at, UTC)


@pytest.mark.parametrize("path", ["/verify/", "/verify/uploads/x", "/verify//", "/verify/../oauth/introspect"])
def test_below_verify_a_valid_token_gets_200_for_envoy(path: str) -> None:
    _, text = issue(name="nightly build")
    for method in ("GET", "POST", "OPTIONS"):
        reply = ask(path, f"Bearer {text}", method)
        assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, b"", "0")
        assert reply.headers["X-Auth-Token-Name"] == "nightly build"
    assert ask(path, f"Bearer {token_format.generate()}").status == 401
    assert ask(path).status == 401


def test_a_good_token_costs_one_look_up_and_garbage_costs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    _, text = issue()
    asked: list[bytes] = []
    original = lookup.by_digest
    monkeypatch.setattr(lookup, "by_digest", lambda digest: asked.append(digest) or original(digest))
    spoilt = text[:-1] + ("a" if text[-1] != "a" else "b")
    assert verify(spoilt).status == 401
    assert asked == []
    assert verify(text).status == 204
    assert asked == [token_format.digest(text)]


def refused_tokens() -> dict[str, str]:
    """One of each kind that is not good."""
    now, actor = timezone.now(), AdministratorFactory()
    revoked, revoked_text = issue()
    services.revoke(revoked, Actor(actor), now)
    left, left_text = issue()
    users.deactivate(left.user, Actor(actor))
    behind, behind_text = issue()
    User.objects.filter(pk=behind.user_id).update(is_active=False)
    expired, expired_text = issue()
    Token.objects.filter(pk=expired.pk).update(created_at=now - timedelta(days=2), expires_at=now - timedelta(seconds=1))
    return {
        "unknown": token_format.generate(),
        "malformed": "nonsense",
        "expired": expired_text,
        "revoked": revoked_text,
        "owner deactivated": left_text,
        "owner deactivated in the database": behind_text,
    }


def test_rfc_6750_section_3_1_one_answer_for_every_token_that_is_not_good() -> None:
    replies = {kind: verify(text) for kind, text in refused_tokens().items()}
    (told,) = {(reply.status, tuple(reply.headers.items()), reply.body) for reply in replies.values()}
    reply = replies["unknown"]
    assert told[0] == 401
    assert reply.json == {"error": "invalid_token", "error_description": "The token is unknown, expired or revoked."}
    assert reply.headers["WWW-Authenticate"] == (
        'Bearer realm="Token Portal", error="invalid_token", error_description="The token is unknown, expired or revoked.", '
        'Basic realm="Token Portal", charset="UTF-8"'
    )
    assert reply.headers["Cache-Control"] == "no-store"


def test_rfc_6750_section_3_without_credentials_the_challenge_has_no_error_code() -> None:
    for authorization in (None, "", "Digest username=x"):
        reply = ask("/verify", authorization)
        assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, CHALLENGES)


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", 'Bearer token="a"', "Bearer é", "Bearer =a"])
def test_rfc_6750_section_3_1_a_malformed_header_is_an_invalid_request(authorization: str) -> None:
    reply = ask("/verify", authorization)
    assert (reply.status, reply.error) == (400, "invalid_request")
    assert 'error="invalid_request"' in reply.headers["WWW-Authenticate"]


def test_rfc_6750_section_2_1_the_schemes_name_has_no_case_and_may_stand_before_several_spaces() -> None:
    _, text = issue()
    for scheme in ("Bearer ", "bearer ", "BEARER ", "Bearer   "):
        assert ask("/verify", scheme + text).status == 204


def test_rfc_6750_section_2_3_a_token_in_the_query_string_is_not_looked_at() -> None:
    _, text = issue()
    for name in ("access_token", "token", "authorization"):
        reply = ask("/verify", QUERY_STRING=f"{name}={text}")
        assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, CHALLENGES)
    assert verify(text, QUERY_STRING="access_token=wrong").status == 204


def test_a_token_in_a_cookie_or_a_header_of_another_name_is_not_looked_at() -> None:
    _, text = issue()
    assert ask("/verify", HTTP_COOKIE=f"token={text}", HTTP_X_API_KEY=text, HTTP_PROXY_AUTHORIZATION=f"Bearer {text}").status == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_the_method_that_a_gateway_forwards_makes_no_difference(method: str) -> None:
    _, text = issue()
    for authorization, status in ((f"Bearer {text}", 204), (None, 401)):
        reply = ask("/verify", authorization, method, None, CONTENT_LENGTH="1000000")
        assert (reply.status, reply.bytes_read) == (status, 0)


def test_head_is_answered_like_get() -> None:
    _, text = issue()
    get, head = verify(text), ask("/verify", f"Bearer {text}", "HEAD")
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")


def test_what_is_not_ours_goes_to_django() -> None:
    for path in ("/", "/verification", "/verifyx", "/oauth/introspect/", "/VERIFY", ""):
        assert ask(path).body == b"Django"


NAMES = {
    "nightly build": "nightly build",
    "100%": "100%25",
    "%0d%0aX-Auth-Role: administrator": "%250d%250aX-Auth-Role:%20administrator",
    "a\r\nX-Auth-Role: administrator": "a%0D%0AX-Auth-Role:%20administrator",
    "\n": "%0A",
    "a\x01b\x7f": "a%01b%7F",  # a zero byte cannot be stored on PostgreSQL
    "\x85\u2028": "%C2%85%E2%80%A8",
    "Müllers Bot": "M%C3%BCllers%20Bot",
    ' "quoted", ; = ': '%20"quoted",%20;%20=%20',
    "😀" * 100: "%F0%9F%98%80" * 100,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_header_says_the_name_in_printable_ascii_whatever_a_token_or_user_is_called(name: str) -> None:
    reply = verify(a_token_called(name, username=name))
    assert reply.status == 204
    for header in ("X-Auth-Token-Name", "X-Auth-User"):
        value = reply.headers[header]
        assert value == NAMES[name]
        assert value.isascii()
        assert value.isprintable()
        assert value == value.strip()
        assert unquote(value, errors="strict") == name
    assert reply.headers["X-Auth-Role"] == "user"


def test_two_names_never_look_the_same_in_a_header() -> None:
    names = ["a b", " a b", "a b ", "a%20b", "a%2520b", "A b"]
    said = [verify(a_token_called(name, f"user{n}")).headers["X-Auth-Token-Name"] for n, name in enumerate(names)]
    assert len(set(said)) == len(names)


def test_the_realm_is_a_quoted_string_whatever_the_portal_is_called(settings: Settings) -> None:
    settings.PORTAL_NAME = 'Über "Tokens" \\ \r\nSet-Cookie: x'
    challenge = ask("/verify").headers["WWW-Authenticate"]
    assert challenge == 'Bearer realm="ber Tokens  Set-Cookie: x", Basic realm="ber Tokens  Set-Cookie: x", charset="UTF-8"'


def test_when_the_database_does_not_answer_nobody_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    _, text = issue()

    def fail(digest: bytes) -> Any:
        raise lookup.Unavailable

    monkeypatch.setattr(lookup, "by_digest", fail)
    reply: Reply = verify(text)
    assert (reply.status, reply.error, reply.headers["Retry-After"]) == (503, "temporarily_unavailable", "1")
    assert not [name for name in reply.headers if name.startswith("X-Auth")]


def test_an_expired_second_is_refused_at_once() -> None:
    token, text = issue()
    with time_machine.travel(token.expires_at - timedelta(microseconds=1), tick=False):
        assert verify(text).status == 204
    with time_machine.travel(token.expires_at, tick=False):
        assert verify(text).status == 401
