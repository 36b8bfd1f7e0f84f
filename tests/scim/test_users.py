"""People by SCIM: created, read, replaced and deleted."""

from typing import Any

import pytest
from django.utils import timezone

from portal.directory.models import ManagedUser
from portal.notifications.models import Message
from portal.users import services
from portal.users.models import User
from settings_app import services as config
from tests.factories import AdministratorFactory, ServiceFactory, UserFactory, issue
from tests.scim.caller import USER, Directory
from tokens.verification.verify import Rejected, verify

RUNS_ON = "postgres"
pytestmark = pytest.mark.django_db


@pytest.fixture
def directory() -> Directory:
    return Directory()


def accepted(text: str) -> bool:
    return not isinstance(verify(text, timezone.now()), Rejected)


def test_person_is_created_without_password_and_email(directory: Directory) -> None:
    answer = directory.create(
        externalId="e-1",
        name={"givenName": "Anna", "familyName": "Smith"},
        emails=[{"value": "anna.smith@example.com", "type": "work", "primary": True}],
        active=True,
    )
    assert answer.status_code == 201
    assert answer["Content-Type"] == "application/scim+json"
    user = User.objects.get(username="anna@example.com")
    assert (user.kind, user.role, user.display_name, user.email) == ("person", "user", "Anna Smith", "anna.smith@example.com")
    assert not user.has_usable_password()
    assert ManagedUser.objects.get(user=user).by_scim
    assert not Message.objects.exists()
    body = answer.json()
    assert body["id"] == f"user-{user.pk}"
    assert body["externalId"] == "e-1"
    assert body["name"] == {"givenName": "Anna", "familyName": "Smith"}
    assert body["emails"] == [{"value": "anna.smith@example.com", "type": "work", "primary": True}]
    assert answer["Location"] == body["meta"]["location"]
    assert answer["ETag"] == body["meta"]["version"]
    assert directory.call("GET", f"Users/{body['id']}").json() == body


def test_person_is_invited_if_config_says_so(directory: Directory) -> None:
    config.add("scim_invitations", "true", None)
    directory.create()
    assert Message.objects.get().recipient == "anna@example.com"


def test_inactive_person_can_be_created(directory: Directory) -> None:
    assert directory.create(active=False).json()["active"] is False
    assert not User.objects.get(username="anna@example.com").is_active


@pytest.mark.parametrize("username", ["anna@example.com", "ANNA@Example.com"])
def test_name_that_is_taken_is_a_conflict(directory: Directory, username: str) -> None:
    UserFactory(username="anna@example.com")
    answer = directory.create(username)
    assert (answer.status_code, answer.json()["scimType"], answer.json()["status"]) == (409, "uniqueness", "409")


def test_name_of_a_service_account_is_a_conflict_and_tells_nothing_more(directory: Directory) -> None:
    service = ServiceFactory()
    assert directory.create(service.username).status_code == 409
    assert directory.found(f'userName eq "{service.username}"') == []
    assert directory.call("GET", f"Users/user-{service.pk}").status_code == 404


def test_deleted_person_comes_back_as_the_same_without_tokens_and_role(directory: Directory) -> None:
    user = UserFactory(username="anna@example.com", role="operator")
    _, text = issue(user)
    key = f"user-{user.pk}"
    assert directory.call("DELETE", f"Users/{key}").status_code == 204
    for method in ("GET", "DELETE", "PATCH", "PUT"):
        assert directory.call(method, f"Users/{key}", None if method in ("GET", "DELETE") else {}).status_code == 404
    assert directory.found('userName eq "anna@example.com"') == []
    assert directory.create().json()["id"] == key
    assert User.objects.get(pk=user.pk).role == "user"
    assert not accepted(text)


def test_person_who_was_deleted_in_the_portal_is_linked_anew(directory: Directory) -> None:
    directory.create(externalId="e-1")
    services.delete(User.objects.get(username="anna@example.com"), None)
    assert "externalId" not in directory.create().json()


def test_deleted_service_account_does_not_come_back_as_a_person(directory: Directory) -> None:
    service = ServiceFactory(is_active=False, deleted_at=timezone.now())
    assert directory.create(service.username).status_code == 409


def test_put_replaces_and_keeps_what_it_does_not_say_about_active(directory: Directory) -> None:
    key = directory.create(externalId="e-1", displayName="Anna").json()["id"]
    answer = directory.call("PUT", f"Users/{key}", {"schemas": [USER], "userName": "anna@example.com", "name": {"formatted": "A. Smith"}})
    assert answer.status_code == 200
    assert "externalId" not in answer.json()
    assert (answer.json()["displayName"], answer.json()["active"]) == ("A. Smith", True)


def test_deactivation_ends_tokens_and_reactivation_brings_none_back(directory: Directory) -> None:
    user = UserFactory()
    _, text = issue(user)
    stamp = user.session_stamp
    body = {"schemas": [USER], "userName": user.username, "active": False}
    assert directory.call("PUT", f"Users/user-{user.pk}", body).json()["active"] is False
    assert not accepted(text)
    user.refresh_from_db()
    assert user.session_stamp != stamp
    assert directory.call("PUT", f"Users/user-{user.pk}", body | {"active": True}).json()["active"] is True
    assert not accepted(text)


def test_last_administrator_stays(directory: Directory) -> None:
    last = AdministratorFactory()
    answer = directory.patch(f"user-{last.pk}", {"op": "replace", "path": "active", "value": False})
    assert (answer.status_code, "last active administrator" in answer.json()["detail"]) == (409, True)
    assert directory.call("DELETE", f"Users/user-{last.pk}").status_code == 409


INVALID: list[dict[str, Any]] = [
    {"userName": "not/a/name"},
    {"userName": ""},
    {"userName": None},
    {"userName": 5},
    {"userName": "someone@"},
    {"emails": [{"value": "nobody"}]},
    {"emails": "anna@example.com"},
    {"emails": [{"value": f"a{n}@x.org"} for n in range(21)]},
    {"displayName": "x" * 101},
    {"displayName": "a\u202eb"},
    {"displayName": "a\x00b"},
    {"name": {"formatted": "x" * 321}},
    {"externalId": "x" * 256},
    {"active": "perhaps"},
]


def test_invalid_value_is_an_error_and_creates_nothing(directory: Directory) -> None:
    before = User.objects.count()
    for more in INVALID:
        answer = directory.call("POST", "Users", {"schemas": [USER], "userName": "anna@example.com"} | more)
        assert (answer.status_code, answer.json().get("scimType")) == (400, "invalidValue"), (more, answer.content)
        assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert User.objects.count() == before


def test_unknown_attributes_are_ignored(directory: Directory) -> None:
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    answer = directory.create(
        schemas=[USER, enterprise],
        id="x",
        meta={"resourceType": "User"},
        password="secret",
        roles=[],
        nickName="A",
        **{enterprise: {"department": "D"}},
    )
    assert answer.status_code == 201
    assert not User.objects.get(username="anna@example.com").has_usable_password()


def test_attributes_of_the_response_can_be_chosen(directory: Directory) -> None:
    key = directory.create(displayName="Anna", externalId="e").json()["id"]
    assert directory.call("GET", f"Users/{key}", {"attributes": "displayName"}).json().keys() == {"schemas", "id", "displayName"}
    assert "displayName" not in directory.call("GET", f"Users/{key}", {"excludedAttributes": "displayName"}).json()
    listed = directory.call("GET", "Users", {"attributes": "userName"}).json()["Resources"]
    assert listed[0].keys() == {"schemas", "id", "userName"}


def test_versions_are_compared_in_the_writing_transaction(directory: Directory) -> None:
    answer = directory.create(displayName="Anna")
    key, tag = answer.json()["id"], answer["ETag"]
    assert tag.startswith('W/"')
    assert directory.call("GET", f"Users/{key}", If_None_Match=tag).status_code == 304
    change = {"op": "replace", "path": "displayName", "value": "Anna Smith"}
    assert directory.patch(key, change, If_Match=tag).status_code == 200
    for again in (directory.patch(key, change, If_Match=tag), directory.call("DELETE", f"Users/{key}", If_Match=tag)):
        assert again.status_code == 412
    assert directory.call("GET", f"Users/{key}", If_None_Match=tag).status_code == 200
    assert directory.call("DELETE", f"Users/{key}", If_Match="*").status_code == 204
