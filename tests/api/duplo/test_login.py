"""The interactive login of DuploCloud's clients: what the user sees and confirms, and what is sent nowhere."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import Entry
from settings_app.models import Config
from tests.factories import UserFactory
from tests.pages.visitor import Visitor
from tokens import sessions
from tokens.models import Token
from tokens.verification.verify import verify

pytestmark = pytest.mark.usefixtures("enabled")
REQUESTED = {"localAppName": "duploctl", "localPort": "51004", "isAdmin": "false", "redirect": "true"}


def page(**changes: str) -> str:
    return reverse("duplo:verify_token", query={**REQUESTED, **changes})


@pytest.fixture
def visitor(enabled: None) -> Visitor:
    return Visitor(UserFactory(username="bob@example.com"))


def test_a_user_who_confirms_sends_the_temporary_token_to_the_program(visitor: Visitor) -> None:
    seen = visitor.see(page())
    assert [fact.text for fact in seen.all("dd")][:3] == [
        "duploctl Unverified name",
        "Port 51004 of this computer",
        "bob@example.com (User)",
    ]
    response = visitor.send(page())
    assert (response.status_code, response.content) == (302, b"")
    text = re.fullmatch(r"http://127\.0\.0\.1:51004/\?t=(tpt_[A-Za-z0-9]{38})", response["Location"])[1]
    assert verify(text, timezone.now()).id == Token.objects.get().pk
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "no-referrer"


def test_only_the_redirect_has_the_token(visitor: Visitor) -> None:
    text = sessions.reveal(Token.objects.get())
    assert text not in visitor.get(page()).content.decode()
    assert text in visitor.send(page())["Location"]
    assert text not in str([list(model.objects.values()) for model in (Token, Entry)])
    entry = Entry.objects.get(event="cli_sign_in")
    assert (entry.actor, entry.changes) == (visitor.user, {"given_to": ["", "duploctl on port 51004, in a URL"]})


def test_a_program_that_wants_more_than_the_users_role_says_so(visitor: Visitor) -> None:
    assert "requested administrator access" not in visitor.see(page()).text
    assert "It requested administrator access, which your role doesn't include." in visitor.see(page(isAdmin="true")).text
    administrator = Visitor(UserFactory(role="administrator"))
    assert "requested administrator access" not in administrator.see(page(isAdmin="true")).text


def test_the_programs_name_is_escaped(visitor: Visitor) -> None:
    assert '"Portal" & friends Unverified name' in visitor.see(page(localAppName='"Portal" & friends')).text


WRONG = [
    *(
        ("localPort", text)
        for text in ("", "0", "80", "1023", "65536", "051004", "+2000", "٢٠٠٠", "2000@evil.example", "[::1]:2000", "9" * 5000)
    ),
    *(("localAppName", text) for text in ("", "<b>Portal</b>", "two\nlines", "x" * 101, "\u202eilc")),
    *(("isAdmin", text) for text in ("yes", "True")),
    *(("redirect", text) for text in ("", "false", "https://evil.example/")),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=lambda text: repr(text[:20]))
def test_an_invalid_request_is_answered_on_our_own_page(visitor: Visitor, name: str, value: str) -> None:
    for response in (visitor.get(page(**{name: value})), visitor.send(page(**{name: value}))):
        assert response.status_code == 400
        assert "Location" not in response
        assert not re.search(r'(href|action)="(?!#|/(?!/))', response.content.decode())


@pytest.mark.parametrize("name", REQUESTED)
def test_a_parameter_that_is_there_twice_is_rejected(visitor: Visitor, name: str) -> None:
    assert visitor.send(f"{page()}&{name}={REQUESTED[name]}").status_code == 400


def test_another_site_can_neither_confirm_nor_frame_the_page(visitor: Visitor) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = visitor.cookies
    assert strict.post(page()).status_code == 403
    shown = visitor.get(page())
    assert shown["X-Frame-Options"] == "DENY"
    assert "no-store" in shown["Cache-Control"]
    assert form_action(shown) == ["'self'", "http://127.0.0.1:51004"]


def form_action(response: Any) -> list[str]:
    policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))
    return policy["form-action"].split()


def test_who_is_not_signed_in_is_sent_to_do_so(enabled: None) -> None:
    for response in (Visitor().get(page()), Visitor().send(page())):
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("account_login"))


def test_a_session_without_a_temporary_token_has_nothing_to_give(visitor: Visitor) -> None:
    Token.objects.update(revoked_at=timezone.now())
    assert [visitor.get(page()).status_code, visitor.send(page()).status_code] == [409, 409]


def test_the_client_sends_the_browser_back_to_a_page_that_can_be_closed(visitor: Visitor) -> None:
    seen = visitor.see(reverse("duplo:verify_token", query={"localAppName": "duploctl", "success": "true", "localPort": "51004"}))
    assert "You can close this window." in seen.text


def test_while_the_flag_is_off_the_page_is_not_found(db: None) -> None:
    Config.objects.all().delete()
    visitor = Visitor(UserFactory())
    for response in (visitor.get(page()), visitor.send(page()), Visitor().get(page())):
        assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")
