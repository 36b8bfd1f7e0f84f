"""Users in DuploCloud's shape, and what their clients' changes do here."""

from typing import Any

import pytest

from portal.users.models import User
from tests.api.duplo.caller import DuploCaller
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("enabled")]
UPDATE = "/admin/UpdateUserRole"


@pytest.fixture
def caller(enabled: None) -> DuploCaller:
    return DuploCaller("administrator")


def shape(name: str, role: str = "User", read_only: bool = False, state: str = "active") -> dict[str, Any]:
    return {"Username": name, "Roles": [role], "IsReadOnly": read_only, "ApiTokens": [], "State": state}


def role_of(name: str) -> str:
    return User.objects.get(username=name).role


def test_an_operator_is_shown_as_a_read_only_user(caller: DuploCaller) -> None:
    UserFactory(username="u@example.com", is_active=False)
    UserFactory(username="o@example.com", role="operator")
    UserFactory(username="gone@example.com", is_active=False, deleted_at="2020-01-01T00:00Z")
    assert caller.ask("GET", "/admin/GetAllUserRoles") == [
        shape(caller.user.username, "Administrator"),
        shape("u@example.com", state="inactive"),
        shape("o@example.com", read_only=True),
    ]
    assert caller.ask("GET", "/admin/GetUserRoleInfo") == shape(caller.user.username, "Administrator")


@pytest.mark.parametrize("state", [{}, {"State": "added"}, {"State": ""}, {"State": None}])
def test_a_state_of_added_or_none_creates_a_user(caller: DuploCaller, state: dict[str, Any]) -> None:
    body = {"Username": "new@example.com", "Roles": ["Administrator"], "IsReadOnly": False, "RegenerateVpnPassword": True}
    assert caller.ask("POST", UPDATE, body | state) == shape("new@example.com", "Administrator")
    assert role_of("new@example.com") == "administrator"
    again = caller.call("POST", UPDATE, body | state)
    assert (again.status_code, again.json()) == (422, {"Message": "A user named new@example.com already exists."})


def test_a_user_is_deleted_with_an_empty_response(caller: DuploCaller) -> None:
    other = UserFactory(username="other@example.com")
    assert caller.ask("POST", UPDATE, {"Username": "other@example.com", "State": "deleted"}) is None
    other.refresh_from_db()
    assert other.deleted_at
    assert caller.call("POST", UPDATE, {"Username": "other@example.com", "State": "deleted"}).status_code == 404
    assert caller.call("POST", UPDATE, {"Username": caller.user.username, "State": "deleted"}).status_code == 422


CHANGES = [
    ("user", {"Roles": ["Administrator"]}, "administrator"),
    ("user", {"Roles": ["User", "Administrator"], "IsReadOnly": False}, "administrator"),
    ("user", {"Roles": ["User"], "IsReadOnly": True}, None),
    ("user", {"IsReadOnly": True}, None),
    ("user", {"Roles": []}, None),
    ("user", {}, "user"),
    ("administrator", {}, "administrator"),
    ("administrator", {"IsReadOnly": False}, "administrator"),
    ("administrator", {"Roles": ["User"]}, "user"),
    ("administrator", {"Roles": ["Administrator"], "IsReadOnly": True}, None),
    ("operator", {}, "operator"),
    ("operator", {"Roles": ["User"]}, "operator"),
    ("operator", {"Roles": ["User"], "IsReadOnly": True}, "operator"),
    ("operator", {"Roles": ["User"], "IsReadOnly": False}, "user"),
    ("operator", {"Roles": ["Administrator"]}, "administrator"),
    ("operator", {"Roles": ["Administrator"], "IsReadOnly": True}, None),
]


@pytest.mark.parametrize(("before", "change", "after"), CHANGES)
def test_a_change_of_roles_never_makes_an_operator(caller: DuploCaller, before: str, change: dict[str, Any], after: str | None) -> None:
    name = UserFactory(role=before, display_name="Other", may_introspect=True).username
    response = caller.call("POST", UPDATE, {"Username": name, "State": "updated", **change})
    assert response.status_code == (200 if after else 422), response.content
    assert role_of(name) == (after or before)
    user = User.objects.get(username=name)
    assert (user.display_name, user.may_introspect) == ("Other", True)


@pytest.mark.parametrize("role", ["user", "operator", "administrator"])
def test_an_object_that_is_sent_back_as_read_changes_nothing(caller: DuploCaller, role: str) -> None:
    name = UserFactory(role=role).username
    read = next(each for each in caller.ask("GET", "/admin/GetAllUserRoles") if each["Username"] == name)
    assert caller.ask("POST", UPDATE, read) == read
    rejected = caller.call("POST", UPDATE, read | {"State": "inactive"})
    assert (rejected.status_code, rejected.json()["Message"]) == (422, "State doesn't activate or deactivate users. Use the portal.")
    assert User.objects.get(username=name).is_active


def test_a_user_who_is_not_there_is_not_created_by_an_update(caller: DuploCaller) -> None:
    assert caller.call("POST", UPDATE, {"Username": "nobody@example.com", "Roles": ["User"], "State": "updated"}).status_code == 404
    assert not User.objects.filter(username="nobody@example.com").exists()
