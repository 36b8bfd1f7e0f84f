"""PATCH as Microsoft Entra ID and Okta send it. Source: their documentation of provisioning by SCIM."""

from typing import Any

import pytest

from portal.users.models import User
from tests.factories import issue
from tests.scim.caller import Directory
from tokens.models import Token

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
RUNS_ON = "postgres"
pytestmark = pytest.mark.django_db


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
def person(directory: Directory) -> User:
    emails = [{"value": "anna@example.com", "type": "work", "primary": True}]
    directory.create(displayName="Anna", emails=emails, externalId="e-1")
    return User.objects.get(username="anna@example.com")


def patched(directory: Directory, person: User, *operations: dict[str, Any]) -> User:
    answer = directory.patch(f"user-{person.pk}", *operations)
    assert answer.status_code == 200, answer.content
    return User.objects.get(pk=person.pk)


DEACTIVATIONS: list[dict[str, Any]] = [
    {"op": "Replace", "path": "active", "value": "False"},  # Entra ID, without the flag aadOptscim062020
    {"op": "replace", "path": "active", "value": False},
    {"op": "replace", "value": {"active": False}},  # Okta
    {"op": "Replace", "value": {"active": "false"}},
    {"op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active", "value": False},
]


def test_deactivation_in_every_form_ends_all_access(directory: Directory, person: User) -> None:
    for operation in DEACTIVATIONS:
        token, _ = issue(person)
        stamp = User.objects.get(pk=person.pk).session_stamp
        after = patched(directory, person, operation)
        assert (after.is_active, after.session_stamp == stamp) == (False, False), operation
        assert Token.objects.get(pk=token.pk).revoked_at
        assert not patched(directory, person, operation).is_active  # again: nothing to do, and no error
        assert patched(directory, person, {"op": "Replace", "path": "active", "value": "True"}).is_active


DISPLAY_NAMES: list[list[dict[str, Any]]] = [
    [{"op": "Replace", "path": "displayName", "value": "Anna Smith"}],
    [{"op": "Add", "value": {"displayName": "Anna Smith", "name.familyName": "Smith", f"{ENTERPRISE}:department": "Sales"}}],
    [{"op": "replace", "value": {"urn:ietf:params:scim:schemas:core:2.0:User:displayName": "Anna Smith"}}],
    [{"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "x"}, {"op": "Replace", "path": "DISPLAYNAME", "value": "Anna Smith"}],
    [
        {"op": "Replace", "path": 'addresses[type eq "work"].country', "value": "DE"},
        {"op": "add", "value": {"displayName": "Anna Smith"}},
    ],
]


def test_display_name_in_every_form(directory: Directory, person: User) -> None:
    for operations in DISPLAY_NAMES:
        patched(directory, person, {"op": "Replace", "path": "displayName", "value": "Anna"})
        assert patched(directory, person, *operations).display_name == "Anna Smith", operations


def test_display_name_follows_the_name_it_was_made_of(directory: Directory) -> None:
    directory.create(name={"givenName": "Anna", "familyName": "Smith"})
    person = User.objects.get(username="anna@example.com")
    assert patched(directory, person, {"op": "Replace", "path": "name.familyName", "value": "Jones"}).display_name == "Anna Jones"
    assert patched(directory, person, {"op": "Replace", "path": "displayName", "value": "AJ"}).display_name == "AJ"
    assert patched(directory, person, {"op": "Replace", "path": "name.familyName", "value": "King"}).display_name == "AJ"


def test_several_operations_are_one_change(directory: Directory, person: User) -> None:
    answer = directory.patch(
        f"user-{person.pk}",
        {"op": "Replace", "path": "displayName", "value": "Anna Smith"},
        {"op": "Replace", "path": "active", "value": "perhaps"},
    )
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert User.objects.get(pk=person.pk).display_name == "Anna"


INVALID: list[tuple[dict[str, Any], str]] = [
    ({"op": "Remove", "path": "userName"}, "mutability"),
    ({"op": "Replace", "path": "userName", "value": None}, "mutability"),
    ({"op": "Remove", "path": "active"}, "mutability"),
    ({"op": "Remove"}, "noTarget"),
    ({"op": "Replace", "path": "id", "value": "user-1"}, "mutability"),
    ({"op": "Add", "path": "groups", "value": [{"value": "group-1"}]}, "mutability"),
    ({"op": "Replace", "path": "emails[", "value": "x"}, "invalidPath"),
    ({"op": "Replace", "path": "displayName", "value": {"a": 1}}, "invalidValue"),
    ({"op": "jump", "path": "displayName"}, "invalidValue"),
    ({"path": "displayName"}, "invalidValue"),
]


def test_operation_that_is_invalid_changes_nothing(directory: Directory, person: User) -> None:
    before = User.objects.values().get(pk=person.pk)
    for operation, keyword in INVALID:
        answer = directory.patch(f"user-{person.pk}", {"op": "Replace", "path": "displayName", "value": "Other"}, operation)
        assert (answer.status_code, answer.json().get("scimType")) == (400, keyword), (operation, answer.content)
    assert User.objects.values().get(pk=person.pk) == before


def test_body_without_operations_is_an_error(directory: Directory, person: User) -> None:
    assert directory.patch(f"user-{person.pk}").status_code == 400
    assert directory.call("PATCH", f"Users/user-{person.pk}", {"displayName": "Anna Smith"}).status_code == 400


def test_external_id_is_set_and_removed(directory: Directory, person: User) -> None:
    id_ = f"user-{person.pk}"
    assert directory.patch(id_, {"op": "Add", "path": "externalId", "value": "e-2"}).json()["externalId"] == "e-2"
    assert directory.found('externalId eq "e-2"') == [id_]
    assert "externalId" not in directory.patch(id_, {"op": "Remove", "path": "externalId"}).json()


def test_number_of_operations_and_of_addresses_is_bounded(directory: Directory, person: User) -> None:
    """Other changes of users wait meanwhile, and each operation takes longer the more addresses there are."""
    id_, name = f"user-{person.pk}", {"op": "Replace", "path": "displayName", "value": "Other"}
    assert directory.patch(id_, *[name] * 201).json()["detail"] == "At most 200 operations on a user."
    addresses = [{"op": "Add", "path": "emails", "value": [{"value": f"a{n}@example.com", "type": "work"}]} for n in range(21)]
    assert directory.patch(id_, *addresses[:15]).status_code == 200
    answer = directory.patch(id_, *addresses[15:], {"op": "Remove", "path": "emails"})
    assert (answer.status_code, answer.json()["detail"]) == (400, "At most 20 email addresses.")
