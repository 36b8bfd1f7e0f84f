"""Access Control: every permanent token, found by search and filter, revoked one by one or several at once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from portal.users.models import User
from tests.factories import ServiceFactory, TokenFactory, UserFactory
from tests.pages.page import Page
from tests.pages.visitor import Visitor, toast
from tokens import dates
from tokens.models import Token

RUNS_ON = "both"
pytestmark = pytest.mark.django_db
URL = "tokens:all"


def day(days: int) -> str:
    """So many days from today, as it is typed."""
    return f"{timezone.localdate() + timedelta(days=days):%Y-%m-%d}"


@pytest.fixture
def tokens(person: User) -> dict[str, Token]:
    """One of each state, and live ones that end in 5, 25 and 80 days. Notifications in Config begin at 15 days."""
    config.add("token_expiration_days", "15", None)
    now = timezone.now()
    ends = {"in-5": 5, "in-25": 25, "in-80": 80, "in-300": 300, "expired": -1}
    made = {
        name: TokenFactory(name=name, user=person, created_at=now - timedelta(days=30), expires_at=now + timedelta(days=days))
        for name, days in ends.items()
    }
    made["revoked"] = TokenFactory(name="revoked", user=person, revoked_at=now, expires_at=now + timedelta(days=5))
    return made


def test_what_a_token_created_is_one_click_away_and_ends_with_it(as_administrator: Visitor) -> None:
    parent = TokenFactory(name="parent")
    child = TokenFactory(name="child", created_with=parent, created_by=parent.user)
    TokenFactory(name="unrelated", created_by=parent.user)
    page = as_administrator.see(URL)
    assert page.all("a", href=f"{reverse(URL)}?created_with={parent.pk}")
    assert dict(zip(page.column("Token Name"), page.column("Created"), strict=True))["child"].endswith("with parent")
    assert found(as_administrator, created_with=str(parent.pk)) == {"child"}
    assert found(as_administrator, created_by=parent.user.username.upper()) == {"child", "unrelated"}
    confirm = as_administrator.see("tokens:revoke", parent.pk)
    assert "1 token created with it will be revoked too:" in confirm.text
    assert child.hint in confirm.text
    as_administrator.send("tokens:revoke", parent.pk)
    child.refresh_from_db()
    assert child.revoked_by == as_administrator.user


def test_a_confirmation_lists_by_name_what_is_revoked_too(as_administrator: Visitor) -> None:
    parent = TokenFactory(name="parent")
    assert "Anything using this token will stop" in as_administrator.see("tokens:revoke", parent.pk).text
    for name in ("delta", "Älpha", "charlie", "bravo"):
        TokenFactory(name=name, created_with=parent, created_by=parent.user)
    page = as_administrator.see("tokens:revoke", parent.pk)
    assert [each.one("bdi").text for each in page.one("ul", "chosen").all("li")] == ["Älpha", "bravo", "charlie", "delta"]
    assert "Anything using these tokens will stop" in page.text


def found(visitor: Visitor, **query: str) -> set[str]:
    page = visitor.see(URL, **query)
    assert page.status == 200
    assert page.total == len(page.rows)
    return set(page.column("Token Name")) if page.rows else set()


def test_the_list_has_the_documented_columns_and_every_permanent_token(as_administrator: Visitor, tokens: dict[str, Token]) -> None:
    page = as_administrator.see(URL)
    assert page.columns[2:] == ["Token Name", "Token", "User", "Created", "Last used", "Expires", "Status"]
    row = dict(zip(page.columns, next(row for row in page.rows if "in-5" in row), strict=True))
    assert (row["Token"], row["User"], row["Last used"]) == (f"tpp_…{tokens['in-5'].last_four}", "bob@example.com", "—")
    assert dict(zip(page.column("Token Name"), page.column("Status"), strict=True)) == {
        "in-5": "Expiring",
        "in-25": "Active",
        "in-80": "Active",
        "in-300": "Active",
        "expired": "Expired",
        "revoked": "Revoked",
    }
    assert Token.objects.filter(kind="temporary").exists()


def test_without_notification_days_no_token_is_called_expiring(as_administrator: Visitor, tokens: dict[str, Token]) -> None:
    config.delete(config.Config.objects.get(), None)
    assert "Expiring" not in as_administrator.see(URL).column("Status")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"status": "active"}, {"in-25", "in-80", "in-300"}),
        ({"status": "expiring"}, {"in-5"}),
        ({"status": "expired"}, {"expired"}),
        ({"status": "revoked"}, {"revoked"}),
        ({"expires": "7"}, {"in-5"}),
        ({"expires": "30"}, {"in-5", "in-25"}),
        ({"expires": "90"}, {"in-5", "in-25", "in-80"}),
        ({"status": "active", "expires": "30"}, {"in-25"}),
        ({"status": "revoked", "expires": "7"}, set()),
        ({"q": "in-", "expires": "30"}, {"in-5", "in-25"}),
        ({"expires_from": 6}, {"in-25", "in-80", "in-300"}),
        ({"expires_to": 25}, {"in-5", "in-25"}),
        ({"expires_from": 25, "expires_to": 80}, {"in-25", "in-80"}),
        ({"expires_from": 80, "expires_to": 25}, set()),
        ({"expires_from": -9}, {"in-5", "in-25", "in-80", "in-300"}),
        ({"expires_to": 25, "status": "expiring"}, {"in-5"}),
        ({"expires_to": 400, "status": "revoked"}, set()),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",  # not a set's order: it differs by worker
)
def test_filters_by_status_and_by_expiry(
    query: dict[str, str | int], names: set[str], as_administrator: Visitor, tokens: dict[str, Token]
) -> None:
    """A number stands for the date so many days from today, which is another one when the tests run over midnight."""
    query = {name: day(value) if isinstance(value, int) else value for name, value in query.items()}
    assert found(as_administrator, **query) == names
    page = as_administrator.see(URL, **query)
    assert {name: page.value(name) for name in query} == query


@pytest.mark.parametrize(
    "odd", [{"status": "nothing"}, {"expires": "-1"}, {"expires": "7 OR 1=1"}, {"status": "\x00"}, {"expires": "9" * 99}]
)
def test_an_odd_filter_is_no_filter(odd: dict[str, str], as_administrator: Visitor, tokens: dict[str, Token]) -> None:
    assert found(as_administrator, **odd) == set(tokens)


@pytest.mark.parametrize(
    "odd", ["tomorrow", "2026-13-01", "2026-02-30", "0001-01-01", "9999-12-31", "1999-12-31", "\x00", "١٢", "9" * 5000]
)
@pytest.mark.parametrize("field", ["expires_from", "expires_to"])
def test_a_bad_date_is_told_of_and_the_other_filters_hold(
    field: str, odd: str, as_administrator: Visitor, tokens: dict[str, Token]
) -> None:
    page = as_administrator.see(URL, **{field: odd, "status": "expired"})
    assert (page.status, page.column("Token Name")) == (200, ["expired"])
    assert odd.replace("\x00", "")[:40] in page.one("p", id="list-errors").text
    assert page.value(field) == odd
    assert as_administrator.see(URL, **{field: "2026-11-22"}).one("p", id="list-errors").text == ""


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/St_Johns"])
def test_the_days_of_the_filter_are_days_of_the_portals_zone(zone: str, settings: Any, as_administrator: Visitor, person: User) -> None:
    settings.TIME_ZONE = zone
    first = timezone.localdate() + timedelta(days=10)
    for name, ends in {
        "the day before": dates.start_of(first),
        "its first instant": dates.start_of(first) + dates.MICROSECOND,
        "its end": dates.end_of(first),
        "the day after": dates.end_of(first) + dates.MICROSECOND,
    }.items():
        TokenFactory(name=name, user=person, expires_at=ends)
    assert found(as_administrator, expires_from=day(10), expires_to=day(10)) == {"its first instant", "its end"}


def test_search_by_name_user_display_name_and_last_four(as_administrator: Visitor, tokens: dict[str, Token]) -> None:
    other = TokenFactory(name="Nightly Build", user=UserFactory(username="zoe@example.com", display_name="Zoë Quartz"))
    for words in ("nightly", "BUILD", "zoe@", "quartz"):
        assert found(as_administrator, q=words) == {"Nightly Build"}
    assert "Nightly Build" in found(as_administrator, q=other.last_four)
    assert found(as_administrator, q=" nightly ") == {"Nightly Build"}


def test_a_search_keeps_the_filter_and_a_filter_the_search(as_administrator: Visitor, tokens: dict[str, Token]) -> None:
    page = as_administrator.see(URL, q="in-", status="active", sort="name", per_page="10")
    form = page.one("form", id="list-form")
    fields = {
        field.attributes["name"]: page.value(field.attributes["name"])
        for field in page.walk()
        if field.attributes.get("form") == "list-form"
    }
    assert fields == {"sort": "name"}
    assert {name: form.value(name) for name in ("q", "status", "per_page")} == {"q": "in-", "status": "active", "per_page": "10"}


def test_a_row_menu_revokes_and_its_owner_leads_to_the_user(as_administrator: Visitor, tokens: dict[str, Token]) -> None:
    page = as_administrator.see(URL, q="in-5")
    body = page.one("tbody")
    assert body.one("a", "dropdown-item").attributes["href"] == reverse("tokens:revoke", args=[tokens["in-5"].pk])
    assert body.all("button", aria_label="Actions for in-5")
    assert body.all("a", href=reverse("tokens:user_tokens", args=["bob@example.com"]))
    revoked = as_administrator.see(URL, q="revoked").one("tbody")
    assert not revoked.all("a", "dropdown-item")
    assert "disabled" in revoked.one("input", type="checkbox").attributes


def test_the_tab_user_leads_to_the_users(as_administrator: Visitor) -> None:
    tabs = as_administrator.see(URL).one("ul", "tabs").all("a")
    assert [(tab.text, tab.attributes["href"]) for tab in tabs] == [("User", reverse("users:list")), ("User Tokens", reverse(URL))]


def chosen(tokens: list[Token]) -> dict[str, list[str]]:
    return {"ids": [str(token.pk) for token in tokens]}


@pytest.mark.parametrize("htmx", ["", "window"])
def test_several_are_revoked_after_a_confirmation_that_names_how_many(
    htmx: str, as_administrator: Visitor, tokens: dict[str, Token]
) -> None:
    as_administrator.htmx = htmx
    three = [tokens["in-5"], tokens["in-25"], tokens["in-80"]]
    confirmation = Page(as_administrator.send("tokens:revoke_many", **chosen(three)))
    assert "Revoke these 3 tokens?" in confirmation.text
    assert [button.text for button in confirmation.all("button", "btn-danger")] == ["Revoke 3 tokens"]
    assert all(token.name in confirmation.one("ul", "chosen").text for token in three)
    assert Token.objects.filter(pk__in=[token.pk for token in three], revoked_at=None).count() == 3
    form = confirmation.one("form", "portal-form")
    ids = [field.attributes["value"] for field in form.all("input", name="ids")]
    response = as_administrator.send(form.attributes["action"], ids=ids, confirmed=form.value("confirmed"))
    said = toast(response)["text"] if htmx else as_administrator.see(response["Location"]).toasts[0]
    assert said == "3 tokens revoked."
    assert set(Token.objects.permanent().filter(revoked_at=None).values_list("name", flat=True)) == {"in-300", "expired"}


def test_those_revoked_in_the_meantime_are_left_out_and_counted_right(as_administrator: Visitor, tokens: dict[str, Token]) -> None:
    as_administrator.htmx = "window"
    page = Page(as_administrator.send("tokens:revoke_many", **chosen([tokens["in-5"], tokens["revoked"]])))
    assert [button.text for button in page.all("button", "btn-danger")] == ["Revoke 1 token"]
    said = toast(as_administrator.send("tokens:revoke_many", confirmed="yes", **chosen([tokens["in-5"], tokens["revoked"]])))
    assert said == {"text": "1 token revoked.", "level": "success"}
    again = toast(as_administrator.send("tokens:revoke_many", confirmed="yes", **chosen([tokens["in-5"]])))
    assert again == {"text": "None of the selected tokens can be revoked.", "level": "error"}


def test_odd_ids_revoke_nothing(as_administrator: Visitor, tokens: dict[str, Token]) -> None:
    as_administrator.htmx = "window"
    temporary = Token.objects.get(kind="temporary")
    for ids in ([], ["x"], ["' OR 1=1"], ["\x00"], ["00000000-0000-0000-0000-000000000000"], [str(temporary.pk)]):
        response = as_administrator.send("tokens:revoke_many", ids=ids, confirmed="yes")
        assert toast(response)["level"] == "error"
    assert Token.objects.filter(revoked_at=None).count() == 6


def test_a_token_of_a_service_account_is_there_too(as_administrator: Visitor) -> None:
    token = TokenFactory(user=ServiceFactory(username="pipeline"))
    page = as_administrator.see(URL)
    assert page.column("User") == ["pipeline"]
    assert re.search(rf"…{token.last_four}", page.source)
