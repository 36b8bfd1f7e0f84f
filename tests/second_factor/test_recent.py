"""Config's recent sign-in: before tokens are created or shown the user confirms who they are, and nothing that was typed is lost."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from portal.users import recent
from tests.factories import PASSWORD, AdministratorFactory, UserFactory, issue
from tests.pages.visitor import Visitor
from tests.second_factor.steps import give_app
from tokens.models import Token

RUNS_ON = "sqlite"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]
CONFIRM = "/accounts/confirm/?next="


def age(visitor: Visitor, minutes: float) -> None:
    session = visitor.session
    recent.confirm(session, timezone.now() - timedelta(minutes=minutes))
    session.save()


@pytest.fixture
def as_administrator() -> Visitor:
    return Visitor(AdministratorFactory())


@pytest.fixture
def visitor(as_administrator: Visitor) -> Visitor:
    config.add("recent_sign_in_minutes", "10", None)
    age(as_administrator, 11)
    return as_administrator


@pytest.mark.parametrize(
    ("name", "onward"),
    [
        ("tokens:add_own", "/profile/tokens/add/"),
        ("tokens:create_own", ""),
        ("tokens:temporary", "/profile/"),
        ("tokens:calendar_on", "/profile/"),
        ("tokens:calendar_show", "/profile/"),
        ("tokens:calendar_renew", ""),
        ("tokens:cli_sign_in", ""),
        ("tokens:device", ""),
        ("tokens:device_approve", ""),
    ],
)
def test_an_old_sign_in_is_confirmed_first(name: str, onward: str, visitor: Visitor) -> None:
    creates = name in ("tokens:add_own", "tokens:create_own")
    response = visitor.get(reverse(name)) if creates else visitor.send(name)
    assert response["Location"].startswith(CONFIRM)


def test_the_confirmation_leads_on_and_lasts(visitor: Visitor) -> None:
    target = reverse("tokens:create_own")
    assert visitor.send("account_reauthenticate", password="wrong", next=target).status_code == 200
    assert visitor.get(target).status_code == 302
    assert visitor.send("account_reauthenticate", password=PASSWORD, next=target)["Location"] == target
    assert visitor.get(target).status_code == 200
    assert visitor.send("account_reauthenticate", password=PASSWORD, next="https://evil.example.com/")["Location"] == "/"


def test_a_form_that_took_too_long_keeps_what_was_typed(visitor: Visitor) -> None:
    before = Token.objects.permanent().count()
    page = visitor.send("tokens:create_own", name="deploy-key", expires="")
    assert page.status_code == 422
    assert b"deploy-key" in page.content
    assert b"Confirm it&#x27;s you, then submit this form again." in page.content
    assert Token.objects.permanent().count() == before
    age(visitor, 0)
    assert visitor.send("tokens:create_own", name="deploy-key", expires="").status_code == 200


def test_a_script_learns_where_to_confirm(visitor: Visitor) -> None:
    response = visitor.post(reverse("tokens:temporary"), headers={"Accept": "application/json"})
    assert response.status_code == 403
    assert response.json()["confirm"] == f"{CONFIRM}%2Fprofile%2F"


def test_the_api_is_not_asked(visitor: Visitor) -> None:
    text = issue(visitor.user)[1]
    response = visitor.post(
        f"/api/v1/users/{visitor.user.username}/tokens",
        '{"name": "by-api"}',
        content_type="application/json",
        headers={"Authorization": f"Bearer {text}"},
    )
    assert response.status_code == 201


def test_by_default_nothing_is_asked(as_administrator: Visitor) -> None:
    age(as_administrator, 100_000)
    assert as_administrator.get(reverse("tokens:create_own")).status_code == 200
    assert as_administrator.send("tokens:temporary").status_code == 200


@pytest.mark.parametrize(("minutes", "expected"), [(4, 200), (6, 302)])
def test_changes_to_factors_need_a_sign_in_of_the_last_five_minutes(minutes: int, expected: int) -> None:
    visitor = Visitor(UserFactory())
    give_app(visitor.user)
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        for name in ("mfa_add_passkey", "mfa_recovery_codes"):
            assert visitor.get(reverse(name)).status_code == expected


def test_a_sign_in_from_the_future_is_not_recent() -> None:
    session: dict[str, Any] = {}
    now = timezone.now()
    recent.confirm(session, now + timedelta(hours=1))  # type: ignore[arg-type]
    assert not recent.within(session, timedelta(hours=9), now)  # type: ignore[arg-type]
