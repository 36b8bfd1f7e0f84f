"""Tokens created through the API with a permanent token, and with a temporary one."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.api.caller import Caller
from tests.factories import ServiceFactory
from tokens.models import Token

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller() -> Caller:
    return Caller("administrator")


def test_a_permanent_token_is_named_as_the_creator_of_another(caller: Caller) -> None:
    owner = ServiceFactory()
    made = caller.call("POST", f"/users/{owner.username}/tokens", {"name": "deploy"}).json()
    own = caller.call("GET", "/whoami").json()["token"]
    assert made["created_with"] == own["id"]
    assert made["expires_at"] == own["expires_at"]


def test_a_temporary_tokens_child_is_the_persons_own(caller: Caller) -> None:
    client = Client()
    client.force_login(caller.user)
    caller.text = client.post("/profile/temporary-token/", headers={"Accept": "application/json"}).json()["token"]
    made = caller.call("POST", f"/users/{caller.user.username}/tokens", {"name": "mine"}).json()
    assert (made["created_by"], made["created_with"]) == (caller.user.username, None)


def test_lists_filter_by_creator_and_parent(caller: Caller) -> None:
    owner = ServiceFactory()
    made = caller.call("POST", f"/users/{owner.username}/tokens", {"name": "deploy"}).json()
    found: Callable[[str], list[str]] = lambda query: [each["id"] for each in caller.call("GET", f"/tokens?{query}").json()["items"]]  # noqa: E731
    assert found(f"created_by={caller.user.username}") == [made["id"]]
    assert found(f"created_with={made['created_with']}") == [made["id"]]
    assert found(f"created_with={made['id']}") == []
    assert caller.call("GET", "/tokens?created_with=none").status_code == 422


def test_revoking_the_parent_through_the_api_ends_the_child(caller: Caller) -> None:
    made = caller.call("POST", f"/users/{caller.user.username}/tokens", {"name": "deploy"}).json()
    child = Caller("user")
    child.text = made["secret"]
    assert child.call("GET", "/whoami").status_code == 200
    assert caller.call("POST", f"/tokens/{made['created_with']}/revoke").status_code == 200
    assert child.call("GET", "/whoami").status_code == 401
    assert Token.objects.get(pk=made["id"]).revoked_by == caller.user
