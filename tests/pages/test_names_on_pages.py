"""Names that people typed: the same rule at every door, and no name turns the page around it."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.core.errors import ServiceError
from portal.env.values import name as portal_name
from portal.users import services as users
from portal.users.models import User
from tests.api.caller import Caller
from tests.factories import FaultFactory, TokenFactory, UserFactory
from tests.pages.visitor import Visitor
from tokens.cli_login import flow as cli_sign_in

pytestmark = pytest.mark.django_db
OVERRIDE = "Ada \u202eecalevoL"
UNSEEN = "Display name can't contain line breaks or invisible characters."


def test_a_display_name_that_turns_the_page_around_is_rejected(as_administrator: Visitor, person: User) -> None:
    caller = Caller(as_administrator.user)
    page = as_administrator.send("users:update", person.username, display_name=OVERRIDE, role="user")
    assert UNSEEN in page.content.decode().replace("&#x27;", "'")
    page = as_administrator.send("users:create", username="new@example.com", display_name=OVERRIDE, role="user")
    assert UNSEEN in page.content.decode().replace("&#x27;", "'")
    for method, path, data in (
        ("PATCH", f"/users/{person.username}", {"display_name": OVERRIDE}),
        ("POST", "/users", {"username": "new@example.com", "display_name": OVERRIDE}),
    ):
        answer = caller.call(method, path, data)
        assert (answer.status_code, answer.json()["error_description"], answer.json()["field"]) == (422, UNSEEN, "display_name")
    assert not User.objects.filter(username="new@example.com").exists()


def test_a_display_name_is_stored_in_one_form(as_administrator: Visitor, person: User) -> None:
    caller = Caller(as_administrator.user)
    assert (
        caller.call("PATCH", f"/users/{person.username}", {"display_name": " Ame\u0301lie 👩‍💻 "}).json()["display_name"] == "Amélie 👩‍💻"
    )
    answer = caller.call("PATCH", f"/users/{person.username}", {"display_name": "x" * 101})
    assert answer.json()["error_description"] == "Display name must be 100 characters or fewer (now 101)."


def test_a_user_whose_name_is_older_than_the_rule_can_be_changed(person: User) -> None:
    User.objects.filter(pk=person.pk).update(display_name=OVERRIDE)
    person.refresh_from_db()
    users.update(person, OVERRIDE, "operator", None)
    person.refresh_from_db()
    assert (person.role, person.display_name) == ("operator", OVERRIDE)


@pytest.mark.parametrize("data", [{"username": "a\ud800@example.com"}, {"username": "x", "display_name": "\ud800"}, {"username": "\ud800"}])
def test_half_a_surrogate_pair_is_a_rejected_value(as_administrator: Visitor, data: dict[str, str]) -> None:
    assert Caller(as_administrator.user).call("POST", "/users", data).status_code == 422


@pytest.mark.parametrize(
    ("path", "data"), [("/users/{}/tokens", {"name": "\ud800"}), ("/config/token_expiration_emails", {"value": "\ud800"})]
)
def test_so_it_is_elsewhere(as_administrator: Visitor, path: str, data: dict[str, str]) -> None:
    method = "PUT" if "config" in path else "POST"
    assert Caller(as_administrator.user).call(method, path.format(as_administrator.user.username), data).status_code == 422


def test_the_command_line_and_a_programs_name_follow_the_rule(person: User) -> None:
    with pytest.raises(CommandError, match="invisible characters"):
        call_command("issue_token", person.username, "\u00ad")
    with pytest.raises(ServiceError):
        cli_sign_in.question("8400", "x" * 8, "x" * 43, "S256", "\u00ad")
    assert cli_sign_in.question("8400", "x" * 8, "x" * 43, "S256", "👩‍💻 dev").client == "👩‍💻 dev"


def test_the_portals_name_follows_the_rule() -> None:
    assert portal_name(" Jetons  de l\u2019E\u0301cole 👩‍💻") == "Jetons de l\u2019École 👩‍💻"
    for name in ("\u00ad", "a\u202eb", "x" * 81, "<b>", "\u0301"):
        with pytest.raises(ValueError):
            portal_name(name)


def isolated(page: Any) -> set[str]:
    return {element.text for element in page.all("bdi")}


def test_names_are_isolated_from_the_page_around_them(as_administrator: Visitor) -> None:
    """A name made before the rule, or one of letters that run from right to left, leaves the rest of the line where it was."""
    owner = UserFactory(username="owner@example.com", display_name=OVERRIDE)
    token = TokenFactory(user=owner, name="\u202enekot")
    FaultFactory(resource="\u202eecruoser")
    assert {OVERRIDE} <= isolated(as_administrator.see("users:list"))
    assert {OVERRIDE, token.name} <= isolated(as_administrator.see("tokens:user_tokens", owner.username))
    assert {token.name} <= isolated(as_administrator.see("tokens:all"))
    assert {token.name} <= isolated(as_administrator.see("tokens:revoke", token.pk))
    assert {"\u202eecruoser"} <= isolated(as_administrator.see("faults:list"))
    assert {"\u202eecruoser", token.name} <= isolated(as_administrator.see("home"))
