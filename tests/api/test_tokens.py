from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

import settings_app.services as config
from tests.api.caller import Caller
from tests.factories import TokenFactory, UserFactory
from tokens import dates, token_format
from tokens.models import Token
from tokens.verification.verify import verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(db: None) -> Caller:
    return Caller("administrator")


def names(caller: Caller, **query: Any) -> list[str]:
    return [each["name"] for each in caller.all("/tokens", **query)]


def test_a_tokens_text_is_in_the_answer_that_made_it_and_in_no_other(caller: Caller) -> None:
    owner = UserFactory()
    response = caller.call("POST", f"/users/{owner.username}/tokens", {"name": "deploy"})
    made = response.json()
    text = made.pop("secret")
    assert response.status_code == 201
    assert "no-store" in response["Cache-Control"]
    assert verify(text, timezone.now()).username == owner.username
    again = caller.get(response["Location"], headers={"Authorization": f"Bearer {caller.text}"})
    assert again.json() == made
    others = [again, *(caller.call("GET", path) for path in ("/tokens", f"/users/{owner.username}", "/whoami"))]
    others.append(caller.call("POST", f"/tokens/{made['id']}/revoke"))
    assert not [each for each in others if token_format.PATTERN.search(each.content.decode()) or "secret" in each.json()]


def test_a_token_shows_what_the_pages_show(caller: Caller) -> None:
    owner = UserFactory(username="zoe@example.com")
    now = timezone.now()
    token = TokenFactory(user=owner, name="deploy", created_by=caller.user, last_used_at=now, last_used_from="192.0.2.7", refused_count=3)
    assert caller.call("GET", f"/tokens/{token.pk}").json() == {
        "id": str(token.pk),
        "kind": "permanent",
        "name": "deploy",
        "hint": token.hint,
        "user": "zoe@example.com",
        "status": "active",
        "created_at": token.created_at.isoformat(),
        "created_by": caller.user.username,
        "created_with": None,
        "expires_at": token.expires_at.isoformat(),
        "expires_on": f"{token.expires_on}",
        "revoked_at": None,
        "revoked_by": None,
        "last_used_at": now.isoformat(),
        "last_used_from": "192.0.2.7",
        "refused_count": 3,
        "refused_at": None,
        "refused_from": None,
    }


@pytest.mark.usefixtures("in_utc")
def test_an_expiry_date_is_the_last_day_on_which_the_token_works(caller: Caller) -> None:
    day = dates.day_of(timezone.now()) + timedelta(days=30)
    made = caller.call("POST", f"/users/{caller.user.username}/tokens", {"name": "deploy", "expires": day.isoformat()}).json()
    assert Token.objects.get(pk=made["id"]).expires_at == dates.end_of(day)
    assert made["expires_at"] == dates.end_of(day).isoformat()


def test_the_filters_of_the_pages_select(caller: Caller) -> None:
    now = timezone.now()
    config.add("token_expiration_days", "10", None)
    zoe = UserFactory(username="zoe@example.com")
    TokenFactory(name="soon", user=zoe, expires_at=now + timedelta(days=5))
    TokenFactory(name="later", expires_at=now + timedelta(days=25))
    TokenFactory(name="over", expires_at=now - timedelta(hours=1))
    TokenFactory(name="ended", revoked_at=now)
    found = {status: names(caller, status=status) for status in ("active", "expiring", "expired", "revoked")}
    assert found == {"active": ["caller", "later"], "expiring": ["soon"], "expired": ["over"], "revoked": ["ended"]}
    assert names(caller, expires="7") == ["soon"]
    assert names(caller, expires="30") == ["later", "soon"]
    in_ten_days = dates.day_of(now) + timedelta(days=10)
    assert names(caller, expires_to=in_ten_days.isoformat()) == ["soon"]
    assert names(caller, expires_from=in_ten_days.isoformat()) == ["caller", "later"]
    assert caller.call("GET", "/tokens?expires_from=1999-12-31").status_code == 422
    assert caller.call("GET", "/tokens?expires_to=tomorrow").status_code == 422
    assert names(caller, user="zoe@example.com") == ["soon"]
    assert names(caller, q="LATE") == ["later"]
    assert names(caller, q="zoe@") == ["soon"]
    assert names(caller, user="nobody") == []


def test_a_token_is_revoked_once_and_the_second_hears_that_it_was(caller: Caller) -> None:
    token = TokenFactory(name="deploy")
    first = caller.call("POST", f"/tokens/{token.pk}/revoke")
    assert (first.status_code, first.json()["status"], first.json()["revoked_by"]) == (200, "revoked", caller.user.username)
    second = caller.call("POST", f"/tokens/{token.pk}/revoke")
    assert second.status_code == 409
    assert second.json() == {"error": "conflict", "error_description": "deploy has already been revoked."}
    token.refresh_from_db()
    assert token.revoked_at.isoformat() == first.json()["revoked_at"]


def test_a_token_may_revoke_itself(caller: Caller) -> None:
    assert caller.call("POST", f"/tokens/{caller.token.pk}/revoke").status_code == 200
    assert caller.call("GET", "/whoami").status_code == 401


REFUSALS = [
    ({"name": " "}, "name", "Enter a name that says what the token is for."),
    ({"name": "x" * 101}, "name", "Name must be 100 characters or fewer (now 101)."),
    ({"name": "<b>"}, "name", "Name can't contain < or >."),
    ({"name": "a\nb"}, "name", "Name can't contain line breaks"),
    ({"name": "taken"}, "name", "zoe@example.com already has an active token named taken."),
    ({"name": "x", "expires": "2020-01-01"}, "expires", "Expiry date must be later than today"),
    ({"name": "x", "expires": "9999-12-31"}, "expires", "Expiry date must be on or before "),
    ({"name": "x", "expires": "31.12.2026"}, "expires", "'31.12.2026' is not a date. Write it as YYYY-MM-DD."),
    ({"name": "x", "expires": 1800000000}, "expires", "'1800000000' is not a date. Write it as YYYY-MM-DD."),
    ({"name": "x", "expires_at": "2026-12-31"}, "expires_at", "Extra inputs are not permitted"),
    ({"name": 7}, "name", "Input should be a valid string"),
    ({}, "name", "Field required"),
]


@pytest.mark.parametrize(("data", "field", "words"), REFUSALS)
def test_a_rule_that_is_broken_is_told_in_the_words_of_the_pages(caller: Caller, data: dict[str, Any], field: str, words: str) -> None:
    zoe = UserFactory(username="zoe@example.com")
    TokenFactory(user=zoe, name="taken")
    response = caller.call("POST", "/users/zoe@example.com/tokens", data)
    answer = response.json()
    assert response.status_code == 422
    assert (answer["error"], answer["field"]) == ("invalid_value", field)
    assert answer["error_description"].startswith(words)
    assert Token.objects.filter(user=zoe).count() == 1


def test_a_deactivated_user_gets_no_token(caller: Caller) -> None:
    owner = UserFactory(username="zoe@example.com", is_active=False)
    answer = caller.call("POST", f"/users/{owner.username}/tokens", {"name": "x"}).json()
    assert answer == {"error": "invalid_value", "error_description": "zoe@example.com is inactive and can't get a token."}
