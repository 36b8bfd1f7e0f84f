"""Tokens in the shape of DuploCloud's AI Suite."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

import settings_app.services as config
from tests.api.duplo.caller import DuploCaller
from tests.factories import TokenFactory, UserFactory
from tokens.models import Token
from tokens.verification.verify import verify

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("enabled")]
OWN, ALL = "/v1/aiservicedesk/user/data/ApiTokens", "/v1/aiservicedesk/admin/data/apiTokens"


def test_a_token_is_created_for_oneself_and_its_text_is_shown_once() -> None:
    caller = DuploCaller("administrator")
    expires = (timezone.now() + timedelta(days=20)).replace(microsecond=0)
    made = caller.ask("POST", OWN, {"name": "deploy", "expiresAt": expires.isoformat().replace("+00:00", "Z")})
    assert verify(made["token"], timezone.now()).username == caller.user.username
    assert datetime.fromisoformat(made["expiresAt"]) == expires
    assert (made["name"], made["user"], made["status"]) == ("deploy", caller.user.username, "active")
    for path in (OWN, ALL):
        listed = caller.ask("GET", path)
        assert [each["name"] for each in listed] == ["deploy", "caller"]
        assert {key: made[key] for key in made if key != "token"} == listed[0]


def test_without_an_expiry_a_token_has_the_longest_lifetime() -> None:
    """But never a longer one than the token with which it is created."""
    caller = DuploCaller("administrator")
    made = caller.ask("POST", OWN, {"name": "deploy"})
    assert datetime.fromisoformat(made["expiresAt"]) == caller.token.expires_at
    later = (caller.token.expires_at + timedelta(seconds=1)).isoformat()
    assert caller.call("POST", OWN, {"name": "longer", "expiresAt": later}).status_code == 422


@pytest.mark.parametrize(
    ("expires", "message"),
    [
        ("2020-01-01T00:00:00Z", "Expiry must be in the future."),
        ("9999-12-31T00:00:00Z", "Expiry must be on or before"),
        ("0001-01-01T00:00:00+14:00", "Expiry must be in the future."),
        ("9999-12-31T23:59:59-14:00", "Expiry must be on or before"),
        ("2030-01-01T00:00:00", "timezone"),
        ("tomorrow", "datetime"),
    ],
)
def test_an_expiry_that_cannot_be_is_rejected(expires: str, message: str) -> None:
    response = DuploCaller("administrator").call("POST", OWN, {"name": "deploy", "expiresAt": expires})
    assert response.status_code == 422, response.content
    assert message in response.json()["Message"]
    assert Token.objects.count() == 1


def test_a_token_can_expire_within_the_day() -> None:
    expires = timezone.now() + timedelta(minutes=5)
    made = DuploCaller("administrator").ask("POST", OWN, {"name": "short", "expiresAt": expires.isoformat()})
    assert datetime.fromisoformat(made["expiresAt"]) == expires.astimezone(UTC)


def test_users_create_tokens_once_config_lets_them() -> None:
    caller = DuploCaller("user")
    assert caller.call("POST", OWN, {"name": "deploy"}).status_code == 403
    config.add("users_may_create_tokens", "true", None)
    assert caller.ask("POST", OWN, {"name": "deploy"})["user"] == caller.user.username


def test_a_revoked_token_is_listed_no_more() -> None:
    caller = DuploCaller("user")
    mine = TokenFactory(user=caller.user)
    assert caller.ask("DELETE", f"{OWN}/{mine.pk}") is None
    assert str(mine.pk) not in str(caller.ask("GET", OWN))
    assert caller.call("DELETE", f"{OWN}/{mine.pk}").status_code == 404


def test_the_list_of_all_tokens_has_no_temporary_ones() -> None:
    caller = DuploCaller("administrator")
    other = UserFactory()
    caller.force_login(other)
    temporary, theirs = other.tokens.get(), TokenFactory(user=other)
    assert {each["id"] for each in caller.ask("GET", ALL)} == {str(theirs.pk), str(caller.token.pk)}
    assert caller.call("DELETE", f"{ALL}/{temporary.pk}").status_code == 404
    assert caller.ask("DELETE", f"{ALL}/{theirs.pk}") is None
    theirs.refresh_from_db()
    assert theirs.revoked_by == caller.user
