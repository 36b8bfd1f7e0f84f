"""RFC 8414 metadata, and the sign-in of a program whose OAuth library knows nothing but it."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve, reverse
from pytest_django import Settings

from portal.oauth.front import HANDLERS
from portal.oauth.metadata import metadata
from tests.cli import CHALLENGE, VERIFIER, exchange
from tests.factories import UserFactory
from tests.pages.visitor import Visitor

RUNS_ON = "sqlite"
PATH = "/.well-known/oauth-authorization-server"
REDIRECT_URI = "http://127.0.0.1:51004/callback"
ASKED = {
    "response_type": "code",
    "client_id": "acme cli",
    "redirect_uri": REDIRECT_URI,
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "scope": "user",
}


def test_rfc_8414_section_3_the_metadata_is_public_json_of_the_portals_url(settings: Settings) -> None:
    settings.PORTAL_URL = "https://portal.example.com"
    response = Client().get(PATH)
    assert response.status_code == 200
    assert response.json() == metadata("https://portal.example.com")
    assert response["Content-Type"] == "application/json"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "public, max-age=3600"
    assert Client().post(PATH).status_code == 405


def test_every_endpoint_of_the_metadata_is_there() -> None:
    found = metadata("https://portal.example.com")
    endpoints = {value for name, value in found.items() if name.endswith(("_endpoint", "_documentation"))}
    assert len(endpoints) == 6
    for path in (urlsplit(url).path for url in endpoints):
        try:
            resolve(path)
        except Resolver404:
            assert path in HANDLERS


def test_the_methods_and_grants_are_those_that_work() -> None:
    found = metadata("https://portal.example.com")
    assert found["issuer"] == "https://portal.example.com"
    assert found["scopes_supported"] == ["administrator", "operator", "user"]
    assert found["grant_types_supported"] == ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]
    assert (found["code_challenge_methods_supported"], found["token_endpoint_auth_methods_supported"]) == (["S256"], ["none"])


@pytest.fixture
def visitor(db: None) -> Visitor:
    return Visitor(UserFactory())


def page(**changes: str | None) -> Any:
    return reverse("tokens:cli_sign_in", query={name: value for name, value in {**ASKED, **changes}.items() if value is not None})


@pytest.mark.parametrize("state", [None, "xyz-ABC_0.~+/="])
def test_rfc_6749_section_4_1_a_program_signs_in_by_standard_parameters(visitor: Visitor, state: str | None) -> None:
    assert "acme cli" in visitor.get(page(state=state)).content.decode()
    location = urlsplit(visitor.send(page(state=state))["Location"])
    answer = dict(parse_qsl(location.query))
    assert (location.netloc, location.path) == ("127.0.0.1:51004", "/callback")
    assert answer.keys() == ({"code", "state"} if state else {"code"})
    assert answer.get("state") == state
    given = exchange(answer["code"], VERIFIER, grant_type="authorization_code", redirect_uri=REDIRECT_URI, client_id="acme")
    assert given.json()["token_type"] == "Bearer"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("response_type", "token"),
        ("response_type", ""),
        ("redirect_uri", None),
        ("redirect_uri", "https://evil.example/callback"),
        ("redirect_uri", "http://127.0.0.1:51004/other"),
        ("redirect_uri", "http://127.0.0.1:51004@evil.example/callback"),
        ("redirect_uri", "http://127.0.0.1:51004/callback\n"),
        ("redirect_uri", "http://127.0.0.1:99999/callback"),
        ("code_challenge_method", None),
        ("code_challenge_method", "plain"),
        ("code_challenge", None),
        ("client_id", "<b>"),
        ("state", "short"),
    ],
)
def test_a_wrong_standard_request_is_answered_on_our_own_page(visitor: Visitor, name: str, value: str | None) -> None:
    for response in (visitor.get(page(**{name: value})), visitor.send(page(**{name: value}))):
        assert response.status_code == 400
        assert "Location" not in response


def test_a_standard_parameter_appears_once(visitor: Visitor) -> None:
    assert visitor.get(page() + "&redirect_uri=http%3A%2F%2F127.0.0.1%3A51005%2Fcallback").status_code == 400
