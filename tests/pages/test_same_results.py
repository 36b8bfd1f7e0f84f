"""Every list finds and sorts the same rows on both databases: pages, the API, the Django admin. Run on each (`--database postgres`)."""

from typing import Any

import pytest
from django.urls import reverse

from portal.audit import services as audit
from portal.audit.models import Entry
from tests.api.caller import Caller
from tests.clock import DAY, NOW
from tests.factories import FaultFactory, TokenFactory, UserFactory
from tests.pages.visitor import Visitor

RUNS_ON = "both"
pytestmark = pytest.mark.django_db
ADMIN_TOKENS, ADMIN_USERS = "admin:tokens_token_changelist", "admin:users_user_changelist"


def names(visitor: Visitor, url: str, **query: str) -> list[str]:
    """The Token Name of each row."""
    return visitor.see(url, **query).column("Token Name")


def changelist(visitor: Visitor, url: str, field: str, **query: str) -> list[str]:
    """A column of one of the Django admin's lists, by its field."""
    page = visitor.see(url, **query)
    return [cell.text for cell in page.all("td", f"field-{field}") + page.all("th", f"field-{field}")]


def sorted_by(visitor: Visitor, heading: str) -> list[str]:
    """The names of the permanent tokens in the Django admin, as a click on this heading sorts them."""
    link = next(link for link in visitor.see(ADMIN_TOKENS).all("a") if link.text == heading)
    shown = changelist(visitor, reverse(ADMIN_TOKENS) + link.attributes["href"], "name")
    return [name for name in shown if not name.startswith("Sign-in")]


@pytest.fixture
def used(as_administrator: Visitor) -> None:
    """Tokens of the administrator, used at different times or never."""
    for name, at in {"never": None, "first": NOW, "second": NOW + DAY}.items():
        TokenFactory(name=name, user=as_administrator.user, last_used_at=at, created_at=NOW - DAY, expires_at=NOW + 9 * DAY)


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("url", ["tokens:all", "profile", "/administrator/users/alice@example.com/tokens/"])
def test_tokens_that_were_never_used_come_last_in_both_directions(url: str, as_administrator: Visitor) -> None:
    heading = "Name" if url == "profile" else "Token Name"
    assert as_administrator.see(url, sort="last_used_at").column(heading) == ["first", "second", "never"]
    assert as_administrator.see(url, sort="-last_used_at").column(heading) == ["second", "first", "never"]


@pytest.mark.usefixtures("used")
def test_so_they_do_in_the_django_admin(as_administrator: Visitor) -> None:
    assert sorted_by(as_administrator, "Last used at") == ["first", "second", "never"]


def test_users_who_never_signed_in_come_last_in_both_directions(as_administrator: Visitor) -> None:
    UserFactory(username="never@example.com")
    UserFactory(username="lately@example.com", last_login=NOW - DAY)
    as_administrator.user.__class__.objects.filter(pk=as_administrator.user.pk).update(last_login=NOW)

    def shown(sort: str) -> list[str]:
        return [cell.split()[0] for cell in as_administrator.see("users:list", sort=sort).column("Username")]

    assert shown("last_login") == ["lately@example.com", "alice@example.com", "never@example.com"]
    assert shown("-last_login") == ["alice@example.com", "lately@example.com", "never@example.com"]


NAMES = ["Zeta", "alpha", "Älpha 2", "beta", "Beta 2", "日本", "_x", "10", "a b", "a-b"]
SORTED = ["10", "_x", "a b", "a-b", "alpha", "Älpha 2", "beta", "Beta 2", "Zeta", "日本"]


def test_token_names_are_sorted_the_same_everywhere(as_administrator: Visitor) -> None:
    for name in NAMES:
        TokenFactory(name=name, user=as_administrator.user)
    assert names(as_administrator, "tokens:all", sort="name") == SORTED
    assert names(as_administrator, "tokens:all", sort="-name") == SORTED[::-1]
    assert sorted_by(as_administrator, "Name") == SORTED


def test_users_are_sorted_the_same_everywhere(as_administrator: Visitor) -> None:
    caller = Caller(as_administrator.user)
    for name in ("Zoe@example.com", "bob@example.com", "Bob.2@example.com", "_root", "alice-b", "alice.c"):
        UserFactory(username=name)
    expected = ["_root", "alice-b", "alice.c", "alice@example.com", "Bob.2@example.com", "bob@example.com", "Zoe@example.com"]
    assert [cell.split()[0] for cell in as_administrator.see("users:list").column("Username")] == expected
    assert [user["username"] for user in caller.all("/users")] == expected
    assert [user["username"] for user in caller.all("/users", limit=2)] == expected
    assert changelist(as_administrator, ADMIN_USERS, "username") == expected


@pytest.mark.parametrize("searched", ["örsted", "ÖRSTED", "orsted s", "o\u0308rsted"])
def test_a_search_minds_neither_case_nor_accents_anywhere(searched: str, as_administrator: Visitor) -> None:
    owner = UserFactory(username="service", display_name="Örsted Smith", kind="service", email="")
    token = TokenFactory(name="Örsted smith", user=as_administrator.user)
    FaultFactory(resource="ÖRSTED SMITH")
    audit.record(None, owner, audit.UPDATE, display_name=("", "Örsted Smith"))
    caller = Caller(as_administrator.user)
    assert names(as_administrator, "tokens:all", q=searched) == [token.name]
    assert as_administrator.see("users:list", q=searched).column("Username") == ["service Örsted Smith"]
    assert as_administrator.see("faults:list", q=searched).column("Resource") == ["ÖRSTED SMITH"]
    assert [each["username"] for each in caller.all("/users", q=searched)] == ["service"]
    assert [each["name"] for each in caller.all("/tokens", q=searched)] == [token.name]
    assert [each["resource"] for each in caller.all("/faults", q=searched)] == ["ÖRSTED SMITH"]
    assert changelist(as_administrator, ADMIN_TOKENS, "name", q=searched) == [token.name]
    assert changelist(as_administrator, ADMIN_USERS, "username", q=searched) == ["service"]
    assert changelist(as_administrator, "admin:faults_fault_changelist", "resource", q=searched) == ["ÖRSTED SMITH"]


def test_a_search_in_the_audit_trail_minds_neither_case_nor_accents(as_administrator: Visitor) -> None:
    audit.record(None, TokenFactory(name="Örsted"), audit.UPDATE, name=("Émile", "Örsted"))
    for searched in ("örsted", "ÖRSTED", "orsted ("):
        assert as_administrator.see("audit:list", q=searched).column("What") == ["Token changed Name: Émile → Örsted"]
    assert Entry.objects.filter(changes__finds="emile").count() == 1  # SQLite keeps JSON with escapes, PostgreSQL as letters


def test_faults_are_sorted_by_state_in_both_directions(as_administrator: Visitor) -> None:
    FaultFactory(resource="cleared", cleared_at=NOW, raised_at=NOW - DAY)
    FaultFactory(resource="acknowledged", acknowledged_at=NOW, acknowledged_by=as_administrator.user, raised_at=NOW - DAY)
    FaultFactory(resource="open", raised_at=NOW - DAY)
    query: dict[str, Any] = {"state": "all"}
    assert as_administrator.see("faults:list", **query, sort="state").column("Resource") == ["open", "acknowledged", "cleared"]
    assert as_administrator.see("faults:list", **query, sort="-state").column("Resource") == ["cleared", "acknowledged", "open"]
