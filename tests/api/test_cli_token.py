"""`POST /cli/token`: what a code is worth, to whom, and for how long."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.audit import services as audit
from portal.audit.models import Entry
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from tests.cli import CHALLENGE, FORM, VERIFIER, confirm, exchange
from tests.clock import SECOND
from tests.factories import UserFactory
from tests.pages.visitor import Visitor
from tests.racing import race, widen
from tests.session_ends import SESSION_ENDS
from tokens import sessions
from tokens.cleanup import clean_up
from tokens.cli_login import flow as cli_sign_in
from tokens.cli_login.flow import proves, question, redeem
from tokens.models import SignInCode, Token

OTHER = "x" * 43
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def visitor(db: None) -> Visitor:
    return Visitor(UserFactory(username="bob@example.com"))


def allowed(visitor: Visitor) -> tuple[str, Any]:
    """A fresh code of the visitor's session, and the instant at which it was made."""
    now = timezone.now()
    token = sessions.current(visitor.session, now)
    assert token
    return cli_sign_in.allow(question("51004", "12345678", CHALLENGE, "", ""), token, Actor(token.user), now), now


def test_rfc_7636_appendix_b_the_verifier_proves_the_challenge() -> None:
    assert proves(VERIFIER, CHALLENGE)
    assert not proves(VERIFIER, CHALLENGE[:-1] + "N")


@pytest.mark.parametrize(
    "verifier", ["", VERIFIER[:-1], VERIFIER + "=", VERIFIER + "\n", CHALLENGE, "é" * 43, "x" * 129, "x" * 100_000, "\x00" * 43]
)
def test_rfc_7636_section_4_1_no_other_verifier_does(verifier: str) -> None:
    assert not proves(verifier, CHALLENGE)


def test_rfc_6749_section_4_1_2_a_code_is_good_once(visitor: Visitor) -> None:
    code = confirm(visitor)["code"]
    assert exchange(code).status_code == 200
    again = exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("verifier", [OTHER, "x", CHALLENGE])
def test_a_code_is_dead_after_one_wrong_verifier(visitor: Visitor, verifier: str) -> None:
    code = confirm(visitor)["code"]
    assert exchange(code, verifier).json()["error"] == "invalid_grant"
    assert exchange(code).json()["error"] == "invalid_grant"
    assert exchange(confirm(visitor)["code"]).status_code == 200


def test_a_code_is_good_for_60_seconds_and_no_instant_longer(visitor: Visitor) -> None:
    (late, made), (early, then) = allowed(visitor), allowed(visitor)
    with pytest.raises(ServiceError):
        redeem(late, VERIFIER, made + 60 * SECOND)
    assert redeem(early, VERIFIER, then + 60 * SECOND - INSTANT)[0] == Token.objects.get()


@pytest.mark.parametrize("end", SESSION_ENDS)
def test_a_code_dies_with_its_session(visitor: Visitor, end: Any) -> None:
    code = confirm(visitor)["code"]
    end(visitor)
    assert exchange(code).json()["error"] == "invalid_grant"


def test_a_code_gives_the_token_of_the_session_that_confirmed_and_of_no_other(visitor: Visitor) -> None:
    other = Visitor(visitor.user)
    mine, theirs = (exchange(confirm(each)["code"]).json()["access_token"] for each in (visitor, other))
    tokens = [sessions.current(each.session, timezone.now()) for each in (visitor, other)]
    assert [mine, theirs] == [sessions.reveal(token) for token in tokens if token]


def test_rfc_6749_section_4_1_3_a_redirect_uri_that_is_sent_must_be_the_one_that_the_code_went_to(visitor: Visitor) -> None:
    right = "http://127.0.0.1:51004/callback"
    good = exchange(confirm(visitor)["code"], redirect_uri=right, grant_type="authorization_code", client_id="acme")
    assert good.status_code == 200
    for wrong in (right.replace("51004", "51005"), "https://evil.example/callback"):
        assert exchange(confirm(visitor)["code"], redirect_uri=wrong).json()["error"] == "invalid_grant"


def test_rfc_6749_section_5_2_a_request_that_lacks_or_repeats_something_uses_no_code_up(visitor: Visitor) -> None:
    code = confirm(visitor)["code"]
    for body in (
        f"code={code}",
        f"code_verifier={VERIFIER}",
        f"code={code}&code_verifier=",
        f"code={code}&code={code}&code_verifier={VERIFIER}",
    ):
        answer = Client().post("/cli/token", body, content_type=FORM)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert exchange(code, grant_type="password").json()["error"] == "unsupported_grant_type"
    assert Client().post("/cli/token", {"code": code, "code_verifier": VERIFIER}, content_type="application/json").status_code == 415
    assert Client().get(f"/cli/token?code={code}&code_verifier={VERIFIER}").status_code == 405
    assert exchange(code).status_code == 200


@pytest.mark.parametrize("code", ["x", "x" * 43, "x" * 10_000, "%00" * 43, "%ff%fe", "%F0%9F%92%A9"])
def test_a_code_that_nobody_was_given_is_an_invalid_grant(db: None, code: str) -> None:
    answer = exchange(code)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_the_audit_trail_says_which_program_got_the_token(visitor: Visitor) -> None:
    exchange(confirm(visitor)["code"], OTHER)
    assert not Entry.objects.filter(changes__has_key="given_to").exists()
    exchange(confirm(visitor)["code"])
    entry = Entry.objects.get(changes__has_key="given_to")
    assert (entry.actor, entry.changes["given_to"][1]) == (visitor.user, "acme cli on port 51004")


def test_codes_are_deleted_once_they_are_over(visitor: Visitor) -> None:
    _, made = allowed(visitor)
    clean_up(made + 59 * SECOND)
    assert SignInCode.objects.exists()
    clean_up(made + 61 * SECOND)
    assert not SignInCode.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_bring_the_same_code_at_once_one_gets_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, audit, "record")
    code, now = allowed(Visitor(UserFactory()))
    results = race(*[lambda: redeem(code, VERIFIER, now)] * 4)
    assert sorted(type(result).__name__ for result in results) == ["ServiceError"] * 3 + ["tuple"]
