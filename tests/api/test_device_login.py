"""RFC 8628: the two codes of a program without a browser, and what polling with the longer one gives."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from portal.audit import services as audit
from portal.audit.models import Entry
from portal.audit.services import Event
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from tests.cli import poll, request_device_login
from tests.clock import SECOND
from tests.factories import UserFactory
from tests.pages.visitor import Visitor
from tests.racing import race, widen
from tests.session_ends import SESSION_ENDS, sign_out
from tokens import sessions
from tokens.cleanup import clean_up
from tokens.cli_login import device
from tokens.models import DeviceLogin, Token
from tokens.verification.verify import Rejected, verify

PATH = "/oauth/device_authorization"


@pytest.fixture
def visitor(db: None) -> Visitor:
    return Visitor(UserFactory(username="bob@example.com"))


def approve(visitor: Visitor, user_code: str) -> None:
    assert visitor.send("tokens:device_approve", confirmed=user_code).status_code == 200


def events(*kinds: Event) -> list[Entry]:
    return list(Entry.objects.filter(event__in=kinds).order_by("pk"))


def let_time_pass(seconds: float) -> None:
    """As if the program had waited so long since its last poll."""
    for login in DeviceLogin.objects.all():
        DeviceLogin.objects.filter(pk=login.pk).update(next_poll_at=login.next_poll_at - timedelta(seconds=seconds))


def test_section_3_2_the_response(db: None, settings: Settings) -> None:
    settings.PORTAL_URL = "https://portal.example.com"
    answer = Client(enforce_csrf_checks=True).post(PATH, {"client_id": "acme", "scope": "openid"})
    body = answer.json()
    assert answer.status_code == 200
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", body.pop("device_code"))
    code = body.pop("user_code")
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", code)
    page = "https://portal.example.com/device/"
    assert body == {"verification_uri": page, "verification_uri_complete": f"{page}?user_code={code}", "expires_in": 600, "interval": 5}
    assert answer["Cache-Control"] == "no-store"


BAD_REQUESTS = [
    ({"scope": "openid"}, "invalid_request"),
    ({"client_id": ""}, "invalid_request"),
    ({"client_id": ["a", "b"]}, "invalid_request"),
    ({"client_id": "a", "scope": ["a", "b"]}, "invalid_request"),
    *(({"client_id": name}, "invalid_client") for name in ("<b>Portal</b>", "two\nlines", "x" * 101, "\u202eilc", "   ", "\x00")),
]


@pytest.mark.parametrize(("form", "error"), BAD_REQUESTS)
def test_rfc_6749_section_5_2_a_bad_request_stores_nothing(db: None, form: dict[str, Any], error: str) -> None:
    answer = Client().post(PATH, form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer["Cache-Control"] == "no-store"
    assert not DeviceLogin.objects.exists()


def test_section_3_5_pending_then_the_sessions_token_once(visitor: Visitor) -> None:
    codes = request_device_login()
    waiting = poll(codes["device_code"])
    assert (waiting.status_code, waiting.json()["error"]) == (400, "authorization_pending")
    approve(visitor, codes["user_code"])
    given = poll(codes["device_code"], client_id="acme cli")
    token = Token.objects.get()
    assert given.status_code == 200
    assert given.json() == {"access_token": sessions.reveal(token), "token_type": "Bearer", "expires_in": given.json()["expires_in"]}
    assert abs(token.expires_at - timezone.now() - timedelta(seconds=given.json()["expires_in"])) < timedelta(seconds=5)
    assert given["Cache-Control"] == "no-store"
    assert poll(codes["device_code"]).json()["error"] == "invalid_grant"


def test_section_3_5_a_poll_too_soon_adds_five_seconds(visitor: Visitor) -> None:
    code = request_device_login()["device_code"]
    found = [poll(code).json()["error"] for _ in range(3)]
    assert found == ["authorization_pending", "slow_down", "slow_down"]
    assert DeviceLogin.objects.get().interval == 15
    let_time_pass(10)
    assert poll(code).json()["error"] == "slow_down"
    let_time_pass(20)
    assert poll(code).json()["error"] == "authorization_pending"
    assert DeviceLogin.objects.get().interval == 20


def test_the_interval_stops_growing_at_the_lifetime_of_the_codes(visitor: Visitor) -> None:
    code = request_device_login()["device_code"]
    poll(code)
    DeviceLogin.objects.update(interval=598)
    assert poll(code).json()["error"] == "slow_down"
    before = DeviceLogin.objects.values().get()
    assert before["interval"] == 600
    assert poll(code).json()["error"] == "slow_down"
    assert DeviceLogin.objects.values().get() == before, "a flood costs no write"


def test_an_approved_token_is_given_however_soon_one_polls(visitor: Visitor) -> None:
    codes = request_device_login()
    for _ in range(3):
        poll(codes["device_code"])
    approve(visitor, codes["user_code"])
    assert poll(codes["device_code"]).status_code == 200


def test_section_3_5_denied(visitor: Visitor) -> None:
    codes = request_device_login()
    assert visitor.send("tokens:device_deny", confirmed=codes["user_code"]).status_code == 200
    assert [poll(codes["device_code"]).json()["error"] for _ in range(2)] == ["access_denied"] * 2
    assert visitor.send("tokens:device_approve", confirmed=codes["user_code"]).status_code == 422
    assert poll(codes["device_code"]).json()["error"] == "access_denied"


def test_section_3_5_expired_whether_approved_or_not(visitor: Visitor) -> None:
    early, late = request_device_login(), request_device_login()
    approve(visitor, early["user_code"])
    DeviceLogin.objects.update(expires_at=timezone.now())
    assert visitor.send("tokens:device_approve", confirmed=late["user_code"]).status_code == 422
    assert [poll(codes["device_code"]).json()["error"] for codes in (early, late)] == ["expired_token"] * 2


def test_codes_are_valid_for_ten_minutes(visitor: Visitor) -> None:
    codes, now = request_device_login(), timezone.now()
    with pytest.raises(ServiceError):
        device.find(codes["user_code"], now + 600 * SECOND)
    assert device.find(codes["user_code"], now + 590 * SECOND).client == "acme cli"


@pytest.mark.parametrize("code", ["x", "x" * 43, "x" * 10_000, "\x00" * 43, "ä", "💩"])
def test_an_unknown_device_code_is_an_invalid_grant(db: None, code: str) -> None:
    answer = poll(code)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_device_code_is_of_the_program_that_got_it(visitor: Visitor) -> None:
    codes = request_device_login("Ärmel")
    approve(visitor, codes["user_code"])
    assert poll(codes["device_code"], client_id="other").json()["error"] == "invalid_grant"
    assert poll(codes["device_code"], client_id="<b>").json()["error"] == "invalid_client"
    assert poll(codes["device_code"], client_id=" A\u0308rmel ").status_code == 200


def test_a_request_needs_exactly_one_device_code(visitor: Visitor) -> None:
    codes = request_device_login()
    approve(visitor, codes["user_code"])
    assert poll("").json()["error"] == "invalid_request"
    assert poll([codes["device_code"]] * 2).json()["error"] == "invalid_request"
    assert poll(codes["device_code"]).status_code == 200


def change_secret_key(visitor: Visitor) -> None:
    Token.objects.update(digest=b"x" * 32)  # of a text that nobody can derive any more


ENDS = [*SESSION_ENDS, change_secret_key]


@pytest.mark.parametrize("end", ENDS)
def test_an_approval_ends_with_its_session(visitor: Visitor, end: Any) -> None:
    codes = request_device_login()
    approve(visitor, codes["user_code"])
    end(visitor)
    assert poll(codes["device_code"]).json()["error"] == "invalid_grant"
    assert not events(Event.CLI_SIGN_IN)


def test_the_token_ends_when_the_user_signs_out(visitor: Visitor) -> None:
    codes = request_device_login()
    approve(visitor, codes["user_code"])
    text = poll(codes["device_code"]).json()["access_token"]
    assert not isinstance(verify(text, timezone.now()), Rejected)
    sign_out(visitor)
    assert isinstance(verify(text, timezone.now()), Rejected)


def test_the_audit_trail_has_each_step(visitor: Visitor) -> None:
    first, second = (request_device_login(REMOTE_ADDR="192.0.2.7", headers={"User-Agent": "acme/1"}) for _ in range(2))
    approve(visitor, first["user_code"])
    visitor.send("tokens:device_deny", confirmed=second["user_code"])
    poll(first["device_code"])
    asked, again, approved, denied, fetched = events(Event.DEVICE_REQUESTED, Event.DEVICE_APPROVED, Event.DEVICE_DENIED, Event.CLI_SIGN_IN)
    assert [(each.actor, each.address, each.count) for each in (asked, again)] == [(None, "192.0.2.7", 1)] * 2
    assert asked.user_agent == "acme/1"
    assert [entry.actor for entry in (approved, denied, fetched)] == [visitor.user] * 3
    assert [entry.target_name for entry in (asked, approved, denied)] == ["acme cli at 192.0.2.7"] * 3
    assert fetched.changes["given_to"][1] == "acme cli at 192.0.2.7"


def test_an_address_asks_thirty_times_in_ten_minutes(db: None) -> None:
    for _ in range(30):
        request_device_login(REMOTE_ADDR="192.0.2.7")
    answer = Client(REMOTE_ADDR="192.0.2.7").post(PATH, {"client_id": "acme"})
    assert (answer.status_code, answer.json()["error"]) == (429, "too_many_requests")
    assert 0 < int(answer["Retry-After"]) <= 600
    assert DeviceLogin.objects.count() == 30
    assert request_device_login(REMOTE_ADDR="192.0.2.8")


def test_the_number_of_pending_sign_ins_is_bounded(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "MOST_PENDING", 2)
    for _ in range(2):
        request_device_login()
    full = Client().post(PATH, {"client_id": "acme"})
    assert (full.status_code, full.json()["error"], full["Retry-After"]) == (503, "temporarily_unavailable", "60")
    DeviceLogin.objects.update(expires_at=timezone.now() - 601 * SECOND)
    request_device_login()
    assert DeviceLogin.objects.count() == 1


def test_expired_sign_ins_are_deleted(visitor: Visitor) -> None:
    request_device_login()
    clean_up(timezone.now() + 590 * SECOND)
    assert DeviceLogin.objects.exists()
    clean_up(timezone.now() + 601 * SECOND)
    assert not DeviceLogin.objects.exists()


def test_a_user_code_that_is_taken_is_not_given_twice(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = iter("BBBBBBBB" * 2 + "CCCCCCCC")
    monkeypatch.setattr(device.secrets, "choice", lambda _: next(letters))
    assert [request_device_login()["user_code"] for _ in range(2)] == ["BBBB-BBBB", "CCCC-CCCC"]


def test_a_user_code_outlives_a_change_of_the_key(visitor: Visitor, settings: Settings) -> None:
    code = request_device_login()["user_code"]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert device.find(code, timezone.now())
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(ServiceError):
        device.find(code, timezone.now())


def test_an_approved_sign_in_alone_has_a_token(visitor: Visitor) -> None:
    request_device_login()
    token = Token.objects.get()
    for values in ({"state": "approved"}, {"state": "redeemed"}, {"token": token}, {"state": "denied", "token": token}):
        with pytest.raises(IntegrityError), transaction.atomic():
            DeviceLogin.objects.update(**values)


def prepared(visitor: Visitor) -> tuple[DeviceLogin, dict[str, str], Token, Actor, Any]:
    codes, now = request_device_login(), timezone.now()
    return device.find(codes["user_code"], now), codes, visitor.user.tokens.get(), Actor(visitor.user), now


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_polls_one_gets_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    login, codes, token, actor, now = prepared(Visitor(UserFactory()))
    device.approve(login, token, actor, now)
    widen(monkeypatch, audit, "event", 0.05)
    results = race(*[lambda: device.poll(codes["device_code"], now, Actor(None))] * 4)
    assert sorted(type(result).__name__ for result in results) == ["ServiceError"] * 3 + ["tuple"]
    assert {result.code for result in results if isinstance(result, ServiceError)} == {"invalid_grant"}


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_pending_polls_one_is_in_time() -> None:
    _, codes, *_, now = prepared(Visitor(UserFactory()))
    results = race(*[lambda: device.poll(codes["device_code"], now, Actor(None))] * 3)
    assert sorted(error.code for error in results) == ["authorization_pending", "slow_down", "slow_down"]


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_decisions_the_first_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Visitor(UserFactory()), Visitor(UserFactory())
    login, _, token, actor, now = prepared(one)
    others = Actor(other.user)
    widen(monkeypatch, audit, "event", 0.05)
    jobs = [
        lambda: device.approve(login, token, actor, now),
        lambda: device.deny(login, actor, now),
        lambda: device.approve(login, other.user.tokens.get(), others, now),
        lambda: device.deny(login, others, now),
    ]
    results = race(*jobs)
    winner = results.index(None)
    assert [isinstance(result, ServiceError) for result in results].count(True) == 3
    login.refresh_from_db()
    expected = {0: ("approved", token.pk), 2: ("approved", other.user.tokens.get().pk)}
    assert (login.state, login.token_id) == expected.get(winner, ("denied", None))
    assert len(events(Event.DEVICE_APPROVED, Event.DEVICE_DENIED)) == 1
