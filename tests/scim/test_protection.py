"""Renaming by a directory, and whom it cannot take over."""

from typing import Any

import pytest
from django.contrib.auth.hashers import make_password

from portal.audit.models import Entry
from portal.notifications.models import Message
from portal.users.models import User
from settings_app import services as config
from tests.factories import AdministratorFactory, OperatorFactory, UserFactory, issue
from tests.scim.caller import USER, Directory

RUNS_ON = "postgres"
pytestmark = pytest.mark.django_db


@pytest.fixture
def directory() -> Directory:
    return Directory()


def replaced(path: str, value: Any) -> dict[str, Any]:
    return {"op": "Replace", "path": path, "value": value}


def test_marriage_changes_names_and_keeps_everything_else(directory: Directory) -> None:
    anna = UserFactory(username="anna.smith@example.com")
    token, _ = issue(anna)
    key = f"user-{anna.pk}"
    answer = directory.patch(
        key, replaced("userName", "anna.jones@example.com"), replaced('emails[type eq "work"].value', "anna.jones@example.com")
    )
    assert (answer.status_code, answer.json()["userName"]) == (200, "anna.jones@example.com")
    anna.refresh_from_db()
    token.refresh_from_db()
    assert (anna.username, anna.email, token.user_id, token.revoked_at) == (
        "anna.jones@example.com",
        "anna.jones@example.com",
        anna.pk,
        None,
    )
    answer = directory.create("anna.smith@example.com")  # the former name stays reserved
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")


def test_names_and_addresses_of_others_are_conflicts(directory: Directory) -> None:
    boss = UserFactory(username="boss@example.com")
    key = directory.create().json()["id"]
    for operation in (
        replaced("userName", "Boss@example.com"),
        replaced("emails", [{"value": "boss@example.com"}]),
        replaced('emails[type eq "work"].value', boss.email),
    ):
        answer = directory.patch(key, operation)
        assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness"), answer.content
    assert directory.create("other", emails=[{"value": "BOSS@example.com"}]).status_code == 409


def test_new_address_of_somebody_who_was_not_invited_invites_nobody(directory: Directory) -> None:
    key = directory.create().json()["id"]
    directory.patch(key, replaced('emails[type eq "work"].value', "as@example.com"))
    assert User.objects.get(username="anna@example.com").email == "as@example.com"
    assert not Message.objects.filter(kind="invitation").exists()


def test_administrators_by_hand_can_only_be_ended(directory: Directory) -> None:
    AdministratorFactory()
    for person in (AdministratorFactory(), OperatorFactory()):
        key, before = f"user-{person.pk}", (person.username, person.email, person.role)
        for operation in (
            replaced("userName", "attacker@example.com"),
            replaced("emails", [{"value": "attacker@example.com", "primary": True}]),
        ):
            assert directory.patch(key, operation).status_code == 403
        assert directory.patch(key, replaced("externalId", "e-1"), replaced("displayName", "Somebody")).status_code == 200
        assert directory.patch(key, replaced("active", "False")).status_code == 200
        assert directory.patch(key, replaced("active", "True")).status_code == 403
        person.refresh_from_db()
        assert (person.username, person.email, person.role, person.is_active) == (*before, False)
        assert directory.call("DELETE", f"Users/{key}").status_code == 204


UNWRITABLE = [
    {"displayName": "Anna\u200b Smith"},
    {"displayName": "x" * 101},
    {"emails": [{"value": "no address"}]},
    {"emails": [{"value": "taken@example.com"}]},
    {"userName": "not a name"},
]


@pytest.mark.parametrize("values", UNWRITABLE)
def test_whoever_leaves_is_deactivated_whatever_else_cannot_be_written(values: dict[str, Any], directory: Directory) -> None:
    UserFactory(username="taken@example.com")
    person, administrator = UserFactory(username="anna@example.com"), AdministratorFactory(email="another@example.com")
    AdministratorFactory()
    for user in (person, administrator):
        body = {"schemas": [USER], "userName": user.username, **values}
        assert directory.call("PUT", f"Users/user-{user.pk}", body | {"active": True}).status_code in (400, 403, 409)
        assert directory.call("PUT", f"Users/user-{user.pk}", body | {"active": False}).status_code == 200
        assert User.objects.values_list("is_active", "username", "email").get(pk=user.pk) == (False, user.username, user.email)


def test_administrator_by_a_group_is_managed_in_full(directory: Directory) -> None:
    AdministratorFactory()
    config.add("roles_by_group", "Bosses = administrator", None)
    key = directory.create().json()["id"]
    directory.call("POST", "Groups", {"displayName": "Bosses", "members": [{"value": key}]})
    assert User.objects.get(username="anna@example.com").is_administrator
    assert directory.patch(key, replaced("userName", "anna.jones@example.com")).status_code == 200
    assert directory.patch(key, replaced("active", False)).status_code == 200
    assert directory.patch(key, replaced("active", True)).status_code == 200


def test_emergency_administrator_cannot_be_changed(directory: Directory) -> None:
    AdministratorFactory()
    last_resort = AdministratorFactory()
    config.add("emergency_administrator", last_resort.username.upper(), None)
    key = f"user-{last_resort.pk}"
    assert directory.patch(key, replaced("active", False)).status_code == 403
    assert directory.patch(key, replaced("displayName", "X")).status_code == 403
    assert directory.call("DELETE", f"Users/{key}").status_code == 403
    assert directory.call("GET", f"Users/{key}").status_code == 200


def test_emergency_administrator_keeps_a_role_that_came_by_a_group(directory: Directory) -> None:
    AdministratorFactory()
    config.add("roles_by_group", "Bosses = administrator", None)
    people = [directory.create(f"{name}@example.com").json()["id"] for name in ("anna", "bob")]
    members = [{"value": key} for key in people]
    group = directory.call("POST", "Groups", {"displayName": "Bosses", "members": members}).json()["id"]
    User.objects.filter(username="anna@example.com").update(password=make_password("correct-horse-battery"))
    config.add("emergency_administrator", "anna@example.com", None)
    directory.patch(group, {"op": "remove", "path": "members"})
    assert list(User.objects.filter(role="administrator", username__in=["anna@example.com", "bob@example.com"])) == [
        User.objects.get(username="anna@example.com")
    ]


def test_changes_are_recorded_with_the_token_that_made_them(directory: Directory) -> None:
    key = directory.create(externalId="e-1").json()["id"]
    directory.patch(key, replaced("active", False))
    entries = list(Entry.objects.filter(target_kind="user", target_id=key.removeprefix("user-")))
    assert {(entry.actor_id, entry.channel, entry.credential_id) for entry in entries} == {
        (directory.owner.pk, "scim", str(directory.token.pk))
    }
    assert {"user.created", "user.deactivated"} <= {entry.event for entry in entries}
    assert any("external_id" in entry.changes for entry in entries)
