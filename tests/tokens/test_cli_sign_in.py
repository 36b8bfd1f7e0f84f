"""Sign-in for command-line tools: what the user sees and confirms, and what is sent nowhere."""

import re
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, parse_qsl, urlsplit
from urllib.request import urlopen

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from portal.audit.models import Entry
from portal.core.errors import ServiceError
from tests.cli import ASKED, CHALLENGE, VERIFIER, CliClient, confirm, exchange, page
from tests.factories import PASSWORD, UserFactory
from tests.pages.visitor import Visitor
from tokens import sessions
from tokens.cli_login.flow import question
from tokens.models import SignInCode, Token
from tokens.verification.verify import Rejected, verify


@pytest.fixture
def visitor(db: None) -> Visitor:
    return Visitor(UserFactory(username="bob@example.com"))


def test_a_user_who_confirms_sends_the_code_to_the_program_which_gets_the_sessions_temporary_token(visitor: Visitor) -> None:
    token = Token.objects.get()
    seen = visitor.see(page())
    assert [fact.text.partition(" Unverified")[0] for fact in seen.all("dd")][:3] == [
        "acme cli",
        "Port 51004 of this computer",
        "bob@example.com",
    ]
    answer = visitor.send(page())
    assert (answer.status_code, answer.content) == (303, b"")
    assert re.fullmatch(r"http://127\.0\.0\.1:51004/callback\?code=[\w-]{43}&state=xyz-ABC_0\.~%2B%2F%3D", answer["Location"])
    given = exchange(parse_qs(urlsplit(answer["Location"]).query)["code"][0])
    assert given.status_code == 200
    assert given.json() == {"access_token": sessions.reveal(token), "token_type": "Bearer", "expires_in": given.json()["expires_in"]}
    assert verify(given.json()["access_token"], timezone.now()).id == token.pk
    assert abs(token.expires_at - timezone.now() - timedelta(seconds=given.json()["expires_in"])) < timedelta(seconds=5)
    assert (given["Cache-Control"], given["Pragma"]) == ("no-store", "no-cache")  # RFC 6749, section 5.1


def test_neither_page_nor_address_nor_database_has_the_token_or_the_code(visitor: Visitor) -> None:
    text = sessions.reveal(Token.objects.get())
    code = confirm(visitor)["code"]
    rows = str([list(model.objects.values()) for model in (SignInCode, Token, Entry)])
    assert code not in rows
    assert text not in rows + visitor.get(page()).content.decode() + visitor.send(page())["Location"]


def test_the_name_is_marked_as_the_programs_own_word_and_cancel_takes_no_code_to_it(visitor: Visitor) -> None:
    seen = visitor.see(page(client='"Token Portal" & friends'))
    assert '"Token Portal" & friends Unverified name' in seen.text
    cancel = next(link.attributes["href"] for link in seen.all("a", "btn") if link.text == "Cancel")
    assert cancel == "http://127.0.0.1:51004/callback?error=access_denied&state=xyz-ABC_0.~%2B%2F%3D"
    assert "No name given" in visitor.see(page(client="")).text
    assert not SignInCode.objects.exists()


def test_an_anonymous_visitor_signs_in_and_comes_back(db: None) -> None:
    user, visitor = UserFactory(), Visitor()
    to_sign_in = visitor.get(page())
    assert to_sign_in.status_code == 302
    back = dict(parse_qsl(urlsplit(to_sign_in["Location"]).query))["next"]
    signed_in = visitor.post(to_sign_in["Location"], {"login": user.username, "password": PASSWORD, "next": back})
    assert signed_in["Location"] == page()
    assert visitor.get(page()).status_code == 200
    assert Visitor().send(page()).headers["Location"].startswith(reverse("account_login"))
    assert not SignInCode.objects.exists()


def test_another_site_can_neither_confirm_for_the_user_nor_frame_the_page(visitor: Visitor) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = visitor.cookies
    assert strict.post(page()).status_code == 403
    assert not SignInCode.objects.exists()
    shown = visitor.get(page())
    assert shown["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in shown["Content-Security-Policy"]
    assert "no-store" in shown["Cache-Control"]


def form_action(answer: Any) -> list[str]:
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    return policy["form-action"].split()


def test_only_this_pages_form_may_lead_to_the_port_and_to_no_other_one(visitor: Visitor) -> None:
    assert form_action(visitor.get(page())) == ["'self'", "http://127.0.0.1:51004"]
    assert form_action(visitor.get(page(port="2000"))) == ["'self'", "http://127.0.0.1:2000"]
    assert form_action(visitor.get(reverse("profile"))) == form_action(visitor.get(page(port="80"))) == ["'self'"]


BAD_PORTS = """0 80 1023 65536 99999 051004 +2000 -2000 2e3 ٢٠٠٠ 2000@evil.example 2000.evil.example 2000/.. 2000# evil.example
    [::1]:2000 2000,3000"""
WRONG = {
    "port": [*BAD_PORTS.split(), "", " 2000", "2000 ", "2000\n", "9" * 5000],
    "state": [
        "",
        "short",
        "x" * 201,
        "with space",
        "with\r\nline: break",
        "<script>alert(1)</script>",
        "x&code=forged",
        "ä" * 9,
        "\x00" * 9,
    ],
    "code_challenge": ["", VERIFIER + "=", VERIFIER[:-1], VERIFIER + "x", "+" * 43, "é" * 43, "x" * 10_000],
    "code_challenge_method": ["plain", "s256", "S512", "S256 "],
    "client": ["<b>Portal</b>", "two\nlines", "x" * 101, "\u202eilc", "   ", "\x00"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values], ids=lambda text: repr(text[:20])
)
def test_a_wrong_question_is_answered_on_our_own_page_and_sent_nowhere(visitor: Visitor, name: str, value: str) -> None:
    for answer in (visitor.get(page(**{name: value})), visitor.send(page(**{name: value}))):
        assert answer.status_code == 400
        assert "Location" not in answer
        assert not re.search(r'(href|action)="(?!#|/(?!/))', answer.content.decode())
    assert not SignInCode.objects.exists()


def test_rfc_6749_section_3_1_a_parameter_that_is_there_twice_is_refused(visitor: Visitor) -> None:
    for name, value in ASKED.items():
        address = f"{page()}&{name}={value}"
        assert [visitor.get(address).status_code, visitor.send(address).status_code] == [400, 400]


def test_rfc_8252_section_7_3_every_port_that_is_not_the_systems_is_taken(visitor: Visitor) -> None:
    for port in (1024, 2000, 9999, 10000, 65535):
        assert confirm(visitor, port=str(port), code_challenge_method="S256")["state"] == ASKED["state"]
    for port in (1023, 65536):
        with pytest.raises(ServiceError):
            question(str(port), ASKED["state"], CHALLENGE, "", "")


def test_the_database_keeps_the_systems_ports_out_too(visitor: Visitor) -> None:
    token = Token.objects.get()
    with pytest.raises(IntegrityError):
        SignInCode.objects.create(digest=b"x" * 32, token=token, challenge=CHALLENGE, port=80, expires_at=timezone.now())


def test_a_session_without_a_good_temporary_token_has_nothing_to_give(visitor: Visitor) -> None:
    Token.objects.update(revoked_at=timezone.now())
    for answer in (visitor.get(page()), visitor.send(page())):
        assert answer.status_code == 409
        assert "Sign out and sign in again" in answer.content.decode()
    assert not SignInCode.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_documented_client_gets_a_token_that_works(live_server: LiveServer) -> None:
    visitor = Visitor(UserFactory())
    with CliClient(live_server.url) as client:
        path = client.shown.removeprefix(live_server.url)
        target = visitor.send(path)["Location"]
        with pytest.raises(HTTPError):
            urlopen(target.partition("&state=")[0] + "&state=forged-by-another-page")
        with urlopen(target) as answer:
            assert b"You can close this window" in answer.read()
        status, text = client.result
    assert status == 0
    found = verify(text, timezone.now())
    assert not isinstance(found, Rejected)
    assert (found.username, found.kind) == (visitor.user.username, "temporary")


@pytest.mark.django_db(transaction=True)
def test_the_documented_client_says_that_its_user_cancelled(live_server: LiveServer) -> None:
    visitor = Visitor(UserFactory())
    with CliClient(live_server.url) as client:
        seen = visitor.see(client.shown.removeprefix(live_server.url))
        urlopen(next(link.attributes["href"] for link in seen.all("a", "btn") if link.text == "Cancel")).close()
        assert client.result == (1, "Not signed in: access_denied")
