"""Groups by SCIM: members in bulk, and the roles that follow from them at once."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.directory import groups as services
from portal.directory.models import DESCRIPTION_MAX, NAME_MAX, Group
from portal.users.models import User
from settings_app import services as config
from tests.factories import AdministratorFactory, ServiceFactory, UserFactory
from tests.scim.caller import GROUP, PATCH, Directory

RUNS_ON = "postgres"
pytestmark = pytest.mark.django_db


@pytest.fixture
def directory() -> Directory:
    return Directory()


PATCHED = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": "Office"}]}


def key(user: User) -> str:
    return f"user-{user.pk}"


def make(directory: Directory, name: str = "Engineering", *users: User, **more: Any) -> Any:
    members = [{"value": key(user)} for user in users]
    return directory.call("POST", "Groups", {"schemas": [GROUP], "displayName": name, "members": members} | more)


def test_longest_name_and_description_fit_into_the_index() -> None:
    """Hangul takes the most: a syllable is folded to three letters of three bytes each."""
    syllables = [chr(0xAC00 + number * 7919 % 11172) for number in range(NAME_MAX + DESCRIPTION_MAX)]
    text = "".join(syllables)
    assert services.create(text[:NAME_MAX], text[NAME_MAX:], None, timezone.now()).pk


def test_name_that_is_much_longer_in_lower_case_is_an_error(directory: Directory) -> None:
    answer = make(directory, "\ufb03" * 255)  # one letter, and three in lower case
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert make(directory, "\ufb03" * 170).status_code == 201


def members(directory: Directory, group: str) -> list[str]:
    return [each["value"] for each in directory.call("GET", f"Groups/{group}").json().get("members", [])]


def test_group_is_created_read_renamed_and_deleted(directory: Directory) -> None:
    anna = UserFactory()
    answer = make(directory, "Engineering", anna, externalId="g-1")
    assert answer.status_code == 201
    body, group = answer.json(), answer.json()["id"]
    assert body["members"] == [{"value": key(anna), "$ref": f"http://127.0.0.1:8000/scim/v2/Users/{key(anna)}", "type": "User"}]
    assert Group.objects.get().source == "scim"
    assert directory.found('displayName eq "engineering"', "Groups") == [group]
    assert directory.found('externalId eq "g-1"', "Groups") == [group]
    assert directory.found(f'members.value eq "{key(anna)}"', "Groups") == [group]
    assert directory.call("GET", f"Users/{key(anna)}").json()["groups"][0]["value"] == group
    assert directory.patch(group, {"op": "Replace", "path": "displayName", "value": "R&D"}).status_code == 204
    assert Group.objects.get().name == "R&D"
    directory.patch(group, {"op": "replace", "value": {"id": group, "displayName": "Lab"}})  # Okta
    assert directory.call("PATCH", f"Groups/{group}?attributes=displayName", PATCHED).json()["displayName"] == "Office"
    assert directory.call("DELETE", f"Groups/{group}").status_code == 204
    assert directory.call("GET", f"Groups/{group}").status_code == 404


def test_members_are_added_and_removed_in_every_form(directory: Directory) -> None:
    anna, bob, carl = UserFactory.create_batch(3, password="!")
    group = make(directory).json()["id"]

    def after(*operations: dict[str, Any]) -> list[str]:
        answer = directory.patch(group, *operations)
        assert answer.status_code == 204, answer.content
        return members(directory, group)

    add = {"op": "Add", "path": "members", "value": [{"value": key(anna)}, {"value": key(bob)}]}
    assert after(add) == after(add) == [key(anna), key(bob)]
    assert after({"op": "Remove", "path": "members", "value": [{"value": key(anna)}]}) == [key(bob)]  # Entra ID
    assert after({"op": "Remove", "path": f'members[value eq "{key(bob)}"]'}) == []
    assert after({"op": "Remove", "path": f'members[value eq "{key(bob)}"]'}) == []
    assert after({"op": "add", "value": {"members": [{"value": key(carl), "display": "Carl"}]}}) == [key(carl)]
    assert after({"op": "replace", "path": "members", "value": [{"value": key(anna)}, {"value": key(carl)}]}) == [key(anna), key(carl)]
    assert after({"op": "Remove", "path": "members", "value": []}) == [key(anna), key(carl)]
    assert after({"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": {"value": key(bob)}}) == [key(bob)]
    assert after({"op": "add", "path": "members", "value": [{"value": key(anna)}]}, {"op": "remove", "path": "members"}) == []
    put = {"schemas": [GROUP], "displayName": "Engineering", "members": [{"value": key(bob)}]}
    assert directory.call("PUT", f"Groups/{group}", put).status_code == 200
    assert members(directory, group) == [key(bob)]
    assert directory.call("PUT", f"Groups/{group}", {"schemas": [GROUP], "displayName": "Engineering"}).status_code == 200
    assert members(directory, group) == []


INVALID: list[dict[str, Any]] = [
    {"op": "add", "path": "members", "value": [{"value": "user-999999"}]},
    {"op": "add", "path": "members", "value": [{"value": "group-1"}]},
    {"op": "add", "path": "members", "value": [{"value": 5}]},
    {"op": "add", "path": "members", "value": ["x"]},
    {"op": "add", "path": "members", "value": [{}]},
    {"op": "add", "value": ["members"]},
    {"op": "replace", "path": 'members[value eq "user-1"]', "value": {"value": "user-2"}},
    {"op": "remove", "path": 'members[display eq "Anna"]'},
    {"op": "remove", "path": 'members[value co "user"]'},
    {"op": "remove", "path": "displayName"},
    {"op": "replace", "path": "displayName", "value": ""},
    {"op": "replace", "path": "displayName", "value": 5},
    {"op": "replace", "path": "displayName", "value": "a\u202eb"},
]


def test_operation_that_is_invalid_changes_nothing(directory: Directory) -> None:
    anna = UserFactory()
    group = make(directory, "Engineering", anna).json()["id"]
    for operation in INVALID:
        answer = directory.patch(group, {"op": "remove", "path": "members"}, operation)
        assert answer.status_code == 400, (operation, answer.content)
        assert members(directory, group) == [key(anna)]


def test_groups_are_found_once_and_in_any_case_of_letters(directory: Directory) -> None:
    anna, bob = UserFactory.create_batch(2, password="!")
    group = make(directory, "Ökonomie", anna, bob).json()["id"]
    other = make(directory, "Other").json()["id"]
    for text in ('displayName eq "ökonomie"', f'members.value eq "{key(anna)}" or members.value eq "{key(bob)}"', "members pr"):
        assert directory.found(text, "Groups") == [group]
    assert directory.found(f'id eq "{group}" and members eq "{key(anna)}"', "Groups") == [group]  # Entra ID
    assert directory.found(f'members.value ne "{key(anna)}"', "Groups") == [other]


def test_service_account_is_no_member(directory: Directory) -> None:
    assert make(directory, "Engineering", ServiceFactory()).status_code == 400
    assert not Group.objects.exists()


def test_group_of_administrators_is_neither_seen_nor_taken_over(directory: Directory) -> None:
    manual = services.create("Engineering", "", None, timezone.now())
    answer = make(directory, "engineering")
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    assert directory.found('displayName eq "Engineering"', "Groups") == []
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert directory.call(method, f"Groups/group-{manual.pk}", {}).status_code == 404
    other = make(directory, "Other").json()["id"]
    assert directory.patch(other, {"op": "replace", "path": "displayName", "value": "Engineering"}).status_code == 409


def test_role_follows_the_group_at_once(directory: Directory) -> None:
    AdministratorFactory()
    config.add("roles_by_group", "Operations = operator\nBosses = administrator", None)
    person = directory.create().json()["id"]
    user = User.objects.get(username="anna@example.com")

    def role() -> str:
        user.refresh_from_db()
        return user.role

    group = make(directory, "Operations", user).json()["id"]
    assert role() == "operator"
    stamp = user.session_stamp
    directory.patch(group, {"op": "replace", "path": "displayName", "value": "Bosses"})
    assert role() == "administrator"
    directory.patch(group, {"op": "remove", "path": f'members[value eq "{person}"]'})
    assert role() == "user"
    assert user.session_stamp != stamp  # sessions and temporary tokens have ended with the role
    directory.patch(group, {"op": "add", "path": "members", "value": [{"value": person}]})
    assert role() == "administrator"
    directory.call("DELETE", f"Groups/{group}")
    assert role() == "user"


def test_administrator_by_hand_keeps_the_role_whatever_the_group(directory: Directory) -> None:
    config.add("roles_by_group", "Operations = operator", None)
    boss = AdministratorFactory()
    group = make(directory, "Operations", boss, AdministratorFactory()).json()["id"]
    directory.patch(group, {"op": "remove", "path": "members"})
    boss.refresh_from_db()
    assert boss.role == "administrator"


def test_versions_of_groups_change_with_their_members(directory: Directory) -> None:
    anna, bob = UserFactory.create_batch(2, password="!")
    answer = make(directory, "Engineering", anna)
    group, tag = answer.json()["id"], answer["ETag"]
    assert directory.call("GET", f"Groups/{group}", {"excludedAttributes": "members"})["ETag"] == tag
    swap = [{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": [{"value": key(bob)}]}]
    assert directory.patch(group, *swap, If_Match=tag).status_code == 204
    assert directory.patch(group, *swap, If_Match=tag).status_code == 412
    assert directory.call("DELETE", f"Groups/{group}", If_Match=tag).status_code == 412
    assert directory.call("GET", f"Groups/{group}", If_None_Match=tag).status_code == 200


def test_members_are_not_read_where_nobody_asks_for_them(directory: Directory) -> None:
    group = make(directory, "Engineering", UserFactory()).json()["id"]
    for query in ({"excludedAttributes": "members"}, {"attributes": "displayName"}):
        with CaptureQueriesContext(connection) as captured:
            answer = directory.call("GET", f"Groups/{group}", query)
        assert "members" not in answer.json()
        assert not any('ORDER BY "directory_membership"."user_id"' in query["sql"] for query in captured)


def test_page_ends_where_its_groups_have_too_many_members(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.scim import groups

    people = UserFactory.create_batch(2, password="!")
    for name in "ABC":
        make(directory, name, *people)
    monkeypatch.setattr(groups, "MOST_MEMBERS", 4)
    answer = directory.call("GET", "Groups").json()
    assert (answer["totalResults"], answer["itemsPerPage"], len(answer["Resources"])) == (3, 2, 2)
    assert directory.call("GET", "Groups", {"startIndex": 3}).json()["itemsPerPage"] == 1
    assert directory.call("GET", "Groups", {"excludedAttributes": "members"}).json()["itemsPerPage"] == 3


def test_a_hundred_members_take_few_queries(directory: Directory) -> None:
    people = [User(username=f"p{n}@example.com", password="!") for n in range(100)]
    User.objects.bulk_create(people)
    few, many = make(directory, "Few").json()["id"], make(directory, "Many").json()["id"]

    def queries(group: str, users: list[User]) -> int:
        with CaptureQueriesContext(connection) as captured:
            for op in ("add", "remove"):
                answer = directory.patch(group, {"op": op, "path": "members", "value": [{"value": key(user)} for user in users]})
                assert answer.status_code == 204
        return len(captured)

    assert queries(many, people) < queries(few, people[:2]) + 30  # SQLite takes the audit rows in batches
