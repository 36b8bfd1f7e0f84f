"""Responses that no honest provider sends, or sends to somebody else: nobody gets in, and the page says so without a traceback."""

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.test import override_settings

from portal.env.providers import OidcProvider
from portal.sso import discovery, http, rejections
from portal.users.models import User
from tests.pages.visitor import Visitor
from tests.sso import provider as providers
from tests.sso.conftest import known
from tests.sso.provider import KEYS, Provider
from tests.sso.test_sign_in import invite
from tests.sso.visiting import begin, come_back, inside, sign_in
from tokens.models import Token

pytestmark = pytest.mark.django_db


def rejected(visitor: Visitor, response: Any, status: int = 400) -> bool:
    return response.status_code == status and not inside(visitor) and not Token.objects.exists()


@pytest.mark.field
@pytest.mark.parametrize(
    "change",
    [
        lambda claims: claims | {"nonce": "of another sign-in"},
        lambda claims: claims | {"aud": "another client"},
        lambda claims: claims | {"sub": 7},
    ],
)
def test_nobody_gets_in_by_an_invalid_id_token(change: Any, provider: Provider) -> None:
    invite()
    provider.change = change
    assert rejected(*sign_in(provider))


def test_nobody_gets_in_by_an_unsigned_id_token(provider: Provider) -> None:
    invite()
    provider.sign = provider.unsigned
    assert rejected(*sign_in(provider))


@pytest.mark.field
def test_a_token_signed_by_a_key_that_was_not_published_is_rejected(provider: Provider) -> None:
    invite()
    provider.key = KEYS[1]
    assert rejected(*sign_in(provider))
    assert provider.seen.count("/keys") == 2  # looked for once more, and only once


@pytest.mark.field
def test_a_token_by_another_key_under_the_same_name_is_rejected(provider: Provider) -> None:
    invite()
    provider.sign = lambda claims: providers.jwt.encode({"alg": "RS256", "kid": "first"}, claims, KEYS[1])
    assert rejected(*sign_in(provider))


def test_a_new_key_is_found_at_once_and_an_old_one_ends(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    invite()
    assert inside(sign_in(provider)[0])
    provider.key, provider.published = KEYS[1], [KEYS[1]]
    assert inside(sign_in(provider)[0])
    Token.objects.all().delete()
    provider.key = KEYS[0]
    assert rejected(*sign_in(provider))


def test_keys_are_fetched_again_after_their_time(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "KEYS_SECONDS", 0.0)
    invite()
    assert inside(sign_in(provider)[0])
    Token.objects.all().delete()
    provider.published = [KEYS[1]]
    assert rejected(*sign_in(provider))


def test_a_response_that_this_browser_did_not_begin_is_rejected(provider: Provider) -> None:
    invite()
    victim = Visitor()
    begin(victim)
    assert rejected(victim, come_back(victim, provider.authorize(begin(Visitor()))))


def test_a_state_works_once(provider: Provider) -> None:
    invite()
    visitor = Visitor()
    back = provider.authorize(begin(visitor))
    assert come_back(visitor, back).status_code == 302
    assert come_back(visitor, back).status_code == 400


@pytest.mark.field
def test_a_stolen_code_is_worth_nothing_in_another_browser(provider: Provider) -> None:
    invite()
    mine, theirs = Visitor(), Visitor()
    stolen = provider.authorize(begin(theirs)).partition("code=")[2].partition("&")[0]
    own = provider.authorize(begin(mine))
    code = own.partition("code=")[2].partition("&")[0]
    assert rejected(mine, come_back(mine, own.replace(code, stolen)))


def test_the_user_may_change_their_mind_at_the_provider(provider: Provider) -> None:
    visitor = Visitor()
    back = provider.authorize(begin(visitor)).partition("?")[0]
    state = begin(visitor).partition("state=")[2].partition("&")[0]
    response = come_back(visitor, f"{back}?error=access_denied&state={state}")
    assert (response.status_code, response["Location"]) == (302, "/accounts/sign-in/")


def test_a_response_of_another_issuer_is_rejected(provider: Provider) -> None:
    invite()
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    visitor = Visitor()
    back = provider.authorize(begin(visitor))
    assert rejected(visitor, come_back(visitor, back.partition("&iss=")[0]))
    back = provider.authorize(begin(visitor)).partition("&iss=")[0]
    assert rejected(visitor, come_back(visitor, f"{back}&iss=https://other.example.com"))
    assert inside(sign_in(provider)[0])


def test_a_state_of_one_provider_is_not_taken_by_another(provider: Provider) -> None:
    invite()
    with override_settings(SIGN_IN_PROVIDERS={"acme": known(provider), "other": known(provider, id="other")}):
        visitor = Visitor()
        back = provider.authorize(begin(visitor, "other"))
        assert rejected(visitor, come_back(visitor, back.replace("/other/", "/acme/")))


@pytest.mark.field
def test_a_subject_of_another_issuer_is_another_person(provider: Provider) -> None:
    invite()
    sign_in(provider)
    Token.objects.all().delete()
    with providers.running() as other, override_settings(SIGN_IN_PROVIDERS={"acme": known(other)}):
        assert rejected(*sign_in(other), status=403)


def test_metadata_of_another_issuer_is_not_used(provider: Provider) -> None:
    provider.metadata = {"issuer": "https://other.example.com"}
    assert Visitor().send("openid_connect_login", "acme").status_code == 503


def test_endpoints_that_are_not_https_are_not_used(provider: Provider) -> None:
    provider.metadata = {"token_endpoint": "http://example.com/token"}
    assert Visitor().send("openid_connect_login", "acme").status_code == 503


def test_a_provider_elsewhere_names_no_endpoints_on_this_machine() -> None:
    config = OidcProvider(id="acme", name="Acme", issuer="https://login.example.com", client_id="portal")
    found = {name: f"https://login.example.com/{name}" for name in discovery.ENDPOINTS} | {"issuer": config.issuer}
    assert discovery.checked(config, found) == found
    for name in (*discovery.ENDPOINTS, "userinfo_endpoint"):
        with pytest.raises(http.ProviderUnavailable):
            discovery.checked(config, found | {name: "http://127.0.0.1:6379/"})


def huge(handler: BaseHTTPRequestHandler) -> None:
    handler.reply((200, {"Content-Type": "application/json"}, b"[" + b"1," * http.MOST_BYTES + b"1]"))


def elsewhere(handler: BaseHTTPRequestHandler) -> None:
    handler.reply((302, {"Location": "http://127.0.0.1:1/"}, b""))


BROKEN: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
    "closes": lambda handler: handler.connection.close(),
    "error": lambda handler: handler.reply((500, {}, b"Internal Server Error")),
    "garbage": lambda handler: handler.reply((200, {"Content-Type": "application/json"}, b"\xff<html>")),
    "list": lambda handler: handler.reply((200, {"Content-Type": "application/json"}, b"[1]")),
    "nested": lambda handler: handler.reply((200, {"Content-Type": "application/json"}, b"[" * 100_000)),
    "huge": huge,
    "redirect": elsewhere,
}


@pytest.mark.field
@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
def test_a_provider_that_answers_nonsense_gets_a_page(path: str, how: str, provider: Provider) -> None:
    invite()
    visitor = Visitor()
    provider.broken[path] = BROKEN[how]
    response = visitor.send("openid_connect_login", "acme")
    if path in ("/keys", "/token"):
        assert response.status_code == 200
        provider.broken.clear()
        discovery.forget()
        back = provider.authorize(begin(visitor))
        provider.broken[path] = BROKEN[how]
        response = come_back(visitor, back)
    assert response.status_code in (400, 503)
    assert "Try again" in response.content.decode()
    assert not inside(visitor)


@pytest.mark.field
def test_a_slow_provider_is_given_up_soon(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TIMEOUT", (0.2, 0.2))
    provider.broken["/.well-known/openid-configuration"] = lambda handler: time.sleep(1)
    before = time.monotonic()
    assert Visitor().send("openid_connect_login", "acme").status_code == 503
    assert time.monotonic() - before < 0.9


def test_a_response_that_drips_in_is_given_up(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_SECONDS", 0.1)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(20):
            handler.wfile.write(b" ")
            time.sleep(0.02)

    provider.broken["/.well-known/openid-configuration"] = drip
    assert Visitor().send("openid_connect_login", "acme").status_code == 503


def test_the_query_cannot_ask_the_provider_for_more(provider: Provider) -> None:
    response = Visitor().post("/accounts/company/acme/?scope=offline_access&auth_params=prompt%3Dnone&process=connect", {})
    text = response.content.decode()
    assert "offline_access" not in text
    assert "prompt" not in text


def test_connecting_needs_a_user_who_began_it(provider: Provider) -> None:
    user = invite()
    visitor = Visitor()
    sign_in(provider, visitor, process="connect")
    assert User.objects.get() == user


def test_a_response_with_tokens_is_not_written_down(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(rejections.rejection_log, "report", lambda *line, **more: lines.append(f"{line} {more}"))
    answer = {"error": "invalid_client", "id_token": "a secret token", "refresh_token": "another one"}
    provider.broken["/token"] = lambda handler: handler.reply(providers.respond(answer))
    assert rejected(*sign_in(provider))
    assert "invalid_client" in lines[0]
    assert "secret" not in lines[0]
    assert "another one" not in lines[0]
