"""The command palette finds pages, actions, users and tokens, as far as the visitor may open them."""

import pytest
from django.urls import reverse

import settings_app.services as config
from tests.factories import TokenFactory, UserFactory
from tests.pages.visitor import Visitor

pytestmark = pytest.mark.django_db


def found(visitor: Visitor, text: str = "") -> dict[str, list[str]]:
    """The labels of the options, by group."""
    groups = visitor.see("palette", q=text).all(role="group")
    return {group.attributes["aria-label"]: [each.all("bdi")[0].text for each in group.all(role="option")] for group in groups}


def test_pages_and_actions_are_those_of_the_role(as_person: Visitor, as_operator: Visitor, as_administrator: Visitor) -> None:
    everybody = ["Profile", "API documentation", "Sessions", "Change password"]
    assert found(as_person)["Pages"] == everybody
    assert found(as_operator)["Pages"] == ["Home", "Faults", "Audit Trail", "Profile", "Administration", *everybody[1:]]
    assert {"Users", "System Settings", "Access Control"} <= set(found(as_administrator)["Pages"])
    administrators = {"Create user", "Add Config", "Scan now", "Create API token"}
    assert administrators <= set(found(as_administrator)["Actions"])
    assert not administrators & {*found(as_person)["Actions"], *found(as_operator)["Actions"]}
    config.add("users_may_create_tokens", "true", None)
    assert "Create API token" in found(as_person)["Actions"]


def test_each_option_leads_where_its_visitor_may_go(as_person: Visitor, as_operator: Visitor, as_administrator: Visitor) -> None:
    for visitor in (as_person, as_operator, as_administrator):
        links = [each.attributes["href"] for each in visitor.see("palette").all("a", role="option")]
        assert links
        assert {visitor.get(link).status_code for link in links} <= {200}


def test_words_are_found_without_case_and_in_any_order(as_administrator: Visitor) -> None:
    assert found(as_administrator, "CONTROL acc") == {"Pages": ["Access Control"]}
    assert found(as_administrator, "sign out") == {"Actions": ["Logout"]}
    assert found(as_administrator, "nothing-is-called-this") == {}


def test_administrators_find_users_and_all_tokens_by_name_and_hint(as_administrator: Visitor, as_person: Visitor) -> None:
    other = UserFactory(username="zoe@example.com", display_name="Zoë Quist")
    token = TokenFactory(user=other, name="zoe-backup")
    mine = TokenFactory(user=as_person.user, name="zoe-mine")
    assert found(as_administrator, "zoe") == {"Users": ["Zoë Quist"], "Tokens": ["zoe-backup", "zoe-mine"]}
    assert "zoe-backup" in found(as_administrator, token.last_four)["Tokens"]
    assert found(as_person, "zoe") == {"Tokens": ["zoe-mine"]}
    page = as_person.see("palette", q="zoe-mine")
    assert page.one("a", role="option").attributes["href"] == reverse("tokens:token", args=[mine.pk])


def test_what_begins_with_the_text_comes_first_and_the_rest_is_cut_off(as_administrator: Visitor) -> None:
    for number in range(9):
        TokenFactory(name=f"a deploy {number}")
    TokenFactory(name="deploy")
    names = found(as_administrator, "deploy")["Tokens"]
    assert names == ["deploy", *(f"a deploy {number}" for number in range(5))]


def test_one_letter_searches_no_rows(as_administrator: Visitor) -> None:
    TokenFactory(name="x")
    assert "Tokens" not in found(as_administrator, "x")
