"""HTTP Basic and client_secret: which token a request presents, for clients that know no bearer tokens."""

import base64
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.oauth.clients import client_token
from tests.api.asgi_client import FORM, Reply, ask
from tests.factories import ServiceFactory, issue
from tokens import token_format
from tokens.models import Token
from tokens.verification.basic import bearer_or_basic
from tokens.verification.bearer import MAX_LENGTH, BearerError
from tokens.verification.verify import Stored, verify

RUNS_ON = "sqlite"
TOKEN = token_format.with_checksum("tpp_" + "aB3" * 10 + "xY")
OTHER = token_format.with_checksum("tpp_" + "cD4" * 10 + "zQ")
MALFORMED = BearerError.MALFORMED_BASIC


def basic(pair: str | bytes, scheme: str = "Basic") -> str:
    data = pair if isinstance(pair, bytes) else pair.encode()
    return f"{scheme} {base64.b64encode(data).decode()}"


def encoded(text: str) -> str:
    """As an OAuth client may send it: every character percent-encoded."""
    return "".join(f"%{byte:02x}" for byte in text.encode())


@pytest.mark.parametrize(
    "pair",
    [
        f"ada:{TOKEN}",
        f":{TOKEN}",
        f"__token__:{TOKEN}",
        f"ada%40example.com+x:{TOKEN}",
        f"Łukasz:{TOKEN}",
        f"\xff%:{TOKEN}",
        f"ada:{encoded(TOKEN)}",
        f"{TOKEN}:",
        f"{TOKEN}:x-oauth-basic",
        f"{encoded(TOKEN)}:",
        f"{OTHER}:{TOKEN}",
    ],
)
def test_the_password_is_the_token_or_without_one_the_user_name(pair: str) -> None:
    for scheme in ("Basic", "basic", "BASIC  "):
        assert bearer_or_basic(basic(pair, scheme)) == TOKEN
    assert bearer_or_basic(basic(pair.encode("latin-1", "ignore"))) == TOKEN


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic =",
        "Basic a",
        "Basic é",
        "Basic YTpi YTpi",
        f"Basic {base64.urlsafe_b64encode(b'a:>>>???').decode()}",
        basic("x" + TOKEN),
        basic(f"ada:{TOKEN}\n"),
        basic(f"ada\r\nX-Auth-Role: administrator:{TOKEN}"),
        basic(f"ada:{TOKEN}\0"),
        f"{basic(f'ada:{TOKEN}')},{basic(f'ada:{TOKEN}')}",
        f"{basic(f'ada:{TOKEN}')}, Bearer {TOKEN}",
        "Basic " + "a" * MAX_LENGTH,
        "Basic " + "=" * 10_000_000,
    ],
)
def test_credentials_that_are_no_base64_of_a_pair_are_malformed(header: str) -> None:
    assert bearer_or_basic(header) is MALFORMED


def test_without_a_user_and_a_password_credentials_are_missing() -> None:
    for pair in (":", ":x-oauth-basic"):
        assert bearer_or_basic(basic(pair)) is BearerError.MISSING


@given(st.one_of(st.binary(max_size=200).map(basic), st.text(max_size=200).map(lambda text: f"Basic {text}"), st.text(max_size=200)))
def test_whatever_is_sent_gives_a_text_or_names_its_problem(header: str) -> None:
    found = bearer_or_basic(header)
    assert found in (MALFORMED, BearerError.MISSING, BearerError.MALFORMED) or isinstance(found, str)


@pytest.mark.parametrize("password", ["%00", "%ff%fe", "%F0%9F%92%A9", f"{TOKEN}%0A", f"{TOKEN}%00", f"+{TOKEN}", f"{TOKEN}:", "%"])
def test_what_decoding_uncovers_is_never_a_valid_token(password: str) -> None:
    text = bearer_or_basic(basic(f"ada:{password}"))
    assert isinstance(text, str)
    assert not token_format.well_formed(text)


def test_bearer_tokens_are_not_decoded() -> None:
    assert bearer_or_basic(f"Bearer {TOKEN}") == TOKEN
    assert bearer_or_basic(f"Bearer {encoded(TOKEN)}") is BearerError.MALFORMED


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({"client_id": ["acme"], "client_secret": [TOKEN]}, TOKEN),
        ({"client_secret": [TOKEN]}, TOKEN),
        ({"client_id": ["acme"], "client_secret": [""]}, BearerError.MISSING),
        ({"client_id": ["acme"]}, BearerError.MISSING),
        ({"client_secret": [TOKEN, TOKEN]}, BearerError.REPEATED_SECRET),
        ({"client_secret": ["", TOKEN]}, TOKEN),
        ({"client_id": ["a", "b"], "client_secret": [TOKEN]}, BearerError.REPEATED_SECRET),
    ],
)
def test_rfc_6749_section_2_3_1_a_form_has_one_secret(form: dict[str, list[str]], found: str | BearerError) -> None:
    assert client_token(None, form) == client_token("", form) == found


def test_a_header_counts_for_itself_whatever_the_form_says() -> None:
    assert client_token("Digest x", {"client_secret": [TOKEN]}) is BearerError.MISSING
    assert client_token(None, None) is BearerError.MISSING


def introspect(header: str | None, body: str) -> Reply:
    return ask("/oauth/introspect", header, "POST", body.encode(), CONTENT_TYPE=FORM)


def revoke(header: str | None, body: str) -> Reply:
    response = Client(headers={"Authorization": header} if header else {}).post("/oauth/revoke", body, content_type=FORM)
    return Reply(response.status_code, dict(response.headers), response.content)


@pytest.mark.django_db
def test_the_gateways_endpoint_accepts_basic() -> None:
    _, text = issue()
    for header in (basic(f"any:{text}"), basic(f"{text}:")):
        assert ask("/verify", header).status == 204
    reply = ask("/verify", basic("any:thing"))
    assert (reply.status, reply.error) == (401, "invalid_token")
    assert reply.headers["WWW-Authenticate"].endswith('Basic realm="Token Portal", charset="UTF-8"')
    reply = ask("/verify", basic("any") + "\n")
    assert (reply.status, reply.error) == (400, "invalid_request")
    assert "Basic" not in reply.headers["WWW-Authenticate"].replace("Basic <", "")


@pytest.mark.django_db
@pytest.mark.parametrize("call", [introspect, revoke])
def test_rfc_6749_section_2_3_clients_authenticate_by_one_of_three_methods(call: object) -> None:
    _, caller = issue(ServiceFactory(may_introspect=True))
    body = "token=unknown"
    for header, more in (
        (f"Bearer {caller}", "&client_id=acme&client_secret="),
        (basic(f"acme:{caller}"), "&client_id=acme"),
        (basic(f"acme:{encoded(caller)}"), ""),
        (None, f"&client_id=acme&client_secret={caller}"),
        (None, f"&client_secret={quote(encoded(caller))}".replace("%25", "%")),
    ):
        assert call(header, body + more).status == 200
    for header, status, error in (
        (f"Bearer {caller}", 400, "invalid_request"),
        (basic(f"acme:{caller}"), 400, "invalid_request"),
        (basic(f"acme:{caller}x"), 401, "invalid_client"),
        ("Digest x", 401, "unauthorized"),
    ):
        reply = call(header, f"{body}&client_id=acme&client_secret={caller}")
        assert (reply.status, reply.error) == (status, error)


@pytest.mark.django_db
@pytest.mark.parametrize("call", [introspect, revoke])
def test_rfc_6749_section_5_2_a_wrong_secret_is_an_invalid_client(call: object) -> None:
    for header, more in ((basic("acme:wrong"), ""), (None, "&client_id=acme&client_secret=wrong")):
        reply = call(header, f"token=unknown{more}")
        assert (reply.status, reply.error) == (401, "invalid_client")
        assert ", Basic realm=" in reply.headers["WWW-Authenticate"]
        assert "wrong" not in str(reply)
    assert call("Bearer wrong", "token=unknown").error == "invalid_token"


@pytest.mark.django_db
def test_two_methods_at_once_end_no_token() -> None:
    token, text = issue()
    reply = revoke(f"Bearer {text}", f"token={text}&client_secret={text}")
    assert (reply.status, reply.error) == (400, "invalid_request")
    assert isinstance(verify(text, timezone.now()), Stored)
    assert revoke(None, f"token={text}&client_id=x&client_secret={text}").status == 200
    assert Token.objects.get(pk=token.pk).revoked_at


@pytest.mark.django_db
def test_the_api_accepts_bearer_tokens_alone() -> None:
    _, text = issue()
    response = Client().get("/api/v1/whoami", headers={"Authorization": basic(f"any:{text}")})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="Token Portal"')
