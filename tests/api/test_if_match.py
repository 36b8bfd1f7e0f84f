"""ETag and If-Match: nobody overwrites what they have not seen."""

from typing import Any

import pytest

import settings_app.services as config
from portal.users.models import User
from tests.api.caller import Caller
from tests.factories import AdministratorFactory, UserFactory
from tests.racing import race, widen

pytestmark = pytest.mark.django_db
CONFIG = "/config/session_minutes"


@pytest.fixture
def caller(db: None) -> Caller:
    return Caller("administrator")


@pytest.fixture
def path(db: None) -> str:
    return f"/users/{UserFactory(username='zoe@example.com', display_name='Zoe').username}"


def tag(caller: Caller, path: str) -> str:
    found = caller.call("GET", path)["ETag"]
    assert found.startswith('"')
    assert found.endswith('"')
    return found


def rejected(response: Any) -> bool:
    answer = response.json() if response.content else {}
    return (response.status_code, answer.get("error")) == (412, "precondition_failed")


def test_a_user_is_changed_only_by_who_has_seen_the_present_version(caller: Caller, path: str) -> None:
    first = tag(caller, path)
    changed = caller.call("PATCH", path, {"role": "operator"}, If_Match=first)
    assert (changed.status_code, changed["ETag"] != first) == (200, True)
    assert rejected(caller.call("PATCH", path, {"display_name": "Z."}, If_Match=first))
    assert rejected(caller.call("DELETE", path, If_Match=first))
    user = User.objects.get(username="zoe@example.com")
    assert (user.display_name, user.role, user.deleted_at) == ("Zoe", "operator", None)
    assert tag(caller, path) == changed["ETag"]
    assert caller.call("DELETE", path, If_Match=changed["ETag"]).status_code == 204


def test_without_if_match_only_what_is_given_is_changed(caller: Caller, path: str) -> None:
    caller.call("PATCH", path, {"role": "operator"})
    answer = caller.call("PATCH", path, {"display_name": "Z."}).json()
    assert (answer["display_name"], answer["role"]) == ("Z.", "operator")


def test_a_user_is_deactivated_and_activated_only_by_who_has_seen_the_present_version(caller: Caller, path: str) -> None:
    first = tag(caller, path)
    caller.call("PATCH", path, {"role": "operator"})
    assert rejected(caller.call("POST", f"{path}/deactivate", If_Match=first))
    assert User.objects.get(username="zoe@example.com").is_active
    deactivated = caller.call("POST", f"{path}/deactivate", If_Match=tag(caller, path))
    assert (deactivated.status_code, deactivated["ETag"]) == (200, tag(caller, path))
    assert rejected(caller.call("POST", f"{path}/activate", If_Match=first))
    assert not User.objects.get(username="zoe@example.com").is_active
    activated = caller.call("POST", f"{path}/activate", If_Match=deactivated["ETag"])
    assert (activated.status_code, activated["ETag"]) == (200, tag(caller, path))


ACCEPTED = ["*", " * ", "{tag}", '"other", {tag}', '{tag},"other"', 'W/"weak", {tag}']
REJECTED = ['"other"', "W/{tag}", "{bare}", "", "nonsense", '"', '""', '"*"']


@pytest.mark.parametrize("header", ACCEPTED)
def test_a_header_that_names_the_version_is_accepted(header: str, caller: Caller, path: str) -> None:
    header = header.replace("{tag}", tag(caller, path))
    assert caller.call("PATCH", path, {"display_name": "Z."}, If_Match=header).status_code == 200


@pytest.mark.parametrize("header", REJECTED)
def test_a_header_that_does_not_is_rejected(header: str, caller: Caller, path: str) -> None:
    header = header.replace("{tag}", tag(caller, path)).replace("{bare}", tag(caller, path).strip('"'))
    assert rejected(caller.call("PATCH", path, {"display_name": "Z."}, If_Match=header))
    assert rejected(caller.call("DELETE", path, If_Match=header))
    assert User.objects.get(username="zoe@example.com").display_name == "Zoe"


def test_what_does_not_exist_is_404_whatever_the_header_says(caller: Caller) -> None:
    assert caller.call("PATCH", "/users/nobody", {}, If_Match="*").status_code == 404
    assert caller.call("DELETE", CONFIG, If_Match="*").status_code == 404


def test_a_key_is_set_changed_and_deleted_only_by_who_has_seen_it(caller: Caller) -> None:
    unset = tag(caller, CONFIG)
    config.add("session_minutes", "60", None)
    assert rejected(caller.call("PUT", CONFIG, {"value": "90"}, If_Match=unset))
    seen = tag(caller, CONFIG)
    changed = caller.call("PUT", CONFIG, {"value": "90"}, If_Match=seen)
    assert (changed.status_code, changed["ETag"]) == (200, tag(caller, CONFIG))
    assert rejected(caller.call("PUT", CONFIG, {"value": "120"}, If_Match=seen))
    assert rejected(caller.call("DELETE", CONFIG, If_Match=seen))
    assert caller.call("DELETE", CONFIG, If_Match=changed["ETag"]).status_code == 204
    assert tag(caller, CONFIG) == unset
    assert caller.call("PUT", CONFIG, {"value": "15"}, If_Match=unset).status_code == 200


def test_the_header_and_its_error_are_in_the_document(caller: Caller) -> None:
    paths = caller.get("/api/v1/openapi.json").json()["paths"]
    for path, methods in (("/api/v1/users/{username}", ("patch", "delete")), ("/api/v1/config/{key}", ("put", "delete"))):
        for method in methods:
            operation = paths[path][method]
            assert "If-Match" in [each["name"] for each in operation["parameters"] if each["in"] == "header"]
            assert "412" in operation["responses"]


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_with_the_same_version_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.users import services

    widen(monkeypatch, services.audit, "record")
    AdministratorFactory()
    caller = Caller("administrator")
    path = f"/users/{UserFactory(username='zoe@example.com').username}"
    seen = tag(caller, path)
    answers = race(*[lambda name=name: caller.call("PATCH", path, {"display_name": name}, If_Match=seen) for name in ("One", "Two")])
    assert sorted(each.status_code for each in answers) == [200, 412]
    winner = next(each for each in answers if each.status_code == 200)
    assert User.objects.get(username="zoe@example.com").display_name == winner.json()["display_name"]
