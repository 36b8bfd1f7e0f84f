"""A form that was opened before somebody else changed the user writes nothing that its reader did not decide. (Config's forms:
test_config.py.)"""

import json
from typing import Any

import pytest

from portal.audit.models import Entry
from portal.users import services
from portal.users.models import User
from tests.factories import AdministratorFactory
from tests.pages.page import Element, Page
from tests.pages.visitor import Visitor, address

pytestmark = pytest.mark.django_db


def opened(page: Page) -> dict[str, str]:
    """The form as a browser would send it."""
    form = page.one("form", "portal-form")
    names = [each for tag in ("input", "select") for each in form.all(tag) if "name" in each.attributes]
    ticked = [each for each in names if each.attributes.get("type") != "checkbox" or "checked" in each.attributes]
    return {each.attributes["name"]: form.value(each.attributes["name"]) for each in ticked}


def differences(page: Page) -> list[list[str]]:
    def cells(row: Element) -> list[str]:
        return [cell.text for tag in ("th", "td") for cell in row.all(tag)]

    return [cells(row) for row in page.one("div", "conflict").one("tbody").all("tr")]


@pytest.fixture
def boss(db: None) -> User:
    """The administrator who changes things meanwhile."""
    return AdministratorFactory(username="boss@example.com")


def audited() -> list[dict[str, Any]]:
    return list(Entry.objects.filter(target_name="carol@example.com").order_by("pk").values_list("changes", flat=True))


@pytest.fixture
def carol(db: None) -> User:
    return AdministratorFactory(username="carol@example.com", display_name="Carol")


def test_a_demotion_is_not_undone_by_a_form_that_changes_the_name(as_administrator: Visitor, boss: User, carol: User) -> None:
    form = opened(as_administrator.see("users:update", carol.username)) | {"display_name": "Caroline"}
    services.update(carol, None, "user", None)
    page = Page(as_administrator.post(address("users:update", carol.username), form))
    assert page.status == 409
    assert "carol@example.com has been changed since you opened this form (now User, active)." in page.text
    assert differences(page) == [["Role", "User", "Administrator"]]
    # The field that was not touched shows what holds now, the one that was keeps what was typed.
    assert (page.value("role"), page.value("display_name")) == ("user", "Caroline")
    carol.refresh_from_db()
    assert (carol.role, carol.display_name) == ("user", "Carol")

    assert as_administrator.post(address("users:update", carol.username), opened(page)).status_code == 302
    carol.refresh_from_db()
    assert (carol.role, carol.display_name) == ("user", "Caroline")
    last = Entry.objects.filter(target_name=carol.username).order_by("pk").last()
    assert (last.actor, last.changes) == (as_administrator.user, {"display_name": ["Carol", "Caroline"]})


def test_who_insists_wins_and_the_audit_trail_says_so(as_administrator: Visitor, carol: User) -> None:
    form = opened(as_administrator.see("users:update", carol.username)) | {"role": "operator"}
    services.update(carol, "C.", "user", None, True)
    page = Page(as_administrator.post(address("users:update", carol.username), form))
    assert differences(page) == [["Display name", "C.", "Carol"], ["Role", "User", "Operator"], ["Can introspect tokens", "Yes", "No"]]
    assert (page.value("role"), page.value("display_name")) == ("operator", "C.")
    assert "checked" in page.one("input", name="may_introspect").attributes
    as_administrator.post(address("users:update", carol.username), opened(page))
    assert audited()[-1] == {"role": ["user", "operator"]}


def test_only_what_was_changed_is_written(as_administrator: Visitor, carol: User) -> None:
    as_administrator.submit("users:update", carol.username)
    assert audited() == []
    as_administrator.submit("users:update", carol.username, display_name="Caroline")
    assert audited() == [{"display_name": ["Carol", "Caroline"]}]


def test_a_second_conflict_is_shown_like_the_first(as_administrator: Visitor, carol: User) -> None:
    form = opened(as_administrator.see("users:update", carol.username)) | {"display_name": "Caroline"}
    url = address("users:update", carol.username)
    services.update(carol, None, "user", None)
    page = Page(as_administrator.post(url, form))
    services.update(carol, None, "operator", None)
    page = Page(as_administrator.post(url, opened(page)))
    assert (page.status, differences(page)) == (409, [["Role", "Operator", "User"]])
    services.update(carol, "Caroline", None, None)
    page = Page(as_administrator.post(url, opened(page)))
    assert differences(page) == [["Display name", "Caroline", "Caroline"]]
    assert as_administrator.post(url, opened(page)).status_code == 302


@pytest.mark.parametrize(
    "version", [None, "", "x", "[]", "{}", '{"role": ["administrator"]}', '{"role": {}}', "null", "1" * 5000, '{"a":' * 2000]
)
def test_a_form_without_a_version_that_can_be_read_is_a_conflict(version: str | None, as_administrator: Visitor, carol: User) -> None:
    data = {"display_name": "Caroline", "role": "user"} | ({} if version is None else {"version": version})
    page = Page(as_administrator.send("users:update", carol.username, **data))
    assert page.status == 409
    assert json.loads(page.value("version")) == carol.edited
    assert (page.value("display_name"), page.value("role")) == ("Caroline", "user")
    carol.refresh_from_db()
    assert carol.role == "administrator"


@pytest.mark.parametrize("verb", ["deactivate", "delete"])
def test_a_confirmation_about_another_state_of_the_user_is_asked_again(verb: str, as_administrator: Visitor, carol: User) -> None:
    services.update(carol, None, "user", None)
    form = opened(as_administrator.see(f"users:{verb}", carol.username))
    services.update(carol, None, "administrator", None)
    page = Page(as_administrator.post(address(f"users:{verb}", carol.username), form | {"confirm": carol.username}))
    assert page.status == 409
    assert "(now Administrator, active). Nothing has been saved yet. Confirm again to continue." in page.text
    carol.refresh_from_db()
    assert (carol.is_active, carol.deleted_at) == (True, None)
    assert as_administrator.post(address(f"users:{verb}", carol.username), opened(page) | {"confirm": carol.username}).status_code == 302
    carol.refresh_from_db()
    assert not carol.is_active


def test_reactivating_somebody_who_was_promoted_meanwhile_is_asked_again(as_administrator: Visitor, carol: User) -> None:
    services.update(carol, None, "user", None)
    services.deactivate(carol, None)
    form = opened(as_administrator.see("users:activate", carol.username))
    services.update(carol, None, "administrator", None)
    page = Page(as_administrator.post(address("users:activate", carol.username), form))
    assert (page.status, "Reactivate carol@example.com (Administrator)?" in page.text) == (409, True)
    carol.refresh_from_db()
    assert not carol.is_active


def test_a_sign_in_meanwhile_is_no_conflict(as_administrator: Visitor, carol: User) -> None:
    form = opened(as_administrator.see("users:update", carol.username)) | {"display_name": "Caroline"}
    Visitor(carol)
    assert as_administrator.post(address("users:update", carol.username), form).status_code == 302
