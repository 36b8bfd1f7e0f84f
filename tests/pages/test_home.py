"""The home page: what those who look after the portal see first, and that each number leads to the list that it counts."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from portal.notifications import services as notifications
from portal.notifications.models import Message
from portal.users.models import User
from tests.factories import FaultFactory, ServiceFactory, TokenFactory, UserFactory
from tests.pages.page import Element, Page
from tests.pages.test_headers import has_nothing_inline, is_locked_down
from tests.pages.visitor import Visitor
from tokens.expiry.digest import DIGEST
from tokens.models import Token

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ROLES = ("administrator", "operator")


@pytest.fixture(params=ROLES)
def reviewer(request: pytest.FixtureRequest) -> Visitor:
    return Visitor(UserFactory(role=request.param))


@pytest.fixture
def tokens(person: User) -> dict[str, Token]:
    """Some of each state; Config calls those with 15 days or fewer left expiring."""
    config.add("token_expiration_days", "15", None)
    now = timezone.now()
    ends = {"in-5": 5, "in-6": 6, "in-14": 14, "in-40": 40, "in-41": 41, "in-42": 42, "in-300": 300, "expired": -1}
    made = {
        name: TokenFactory(name=name, user=person, created_at=now - 30 * DAY, expires_at=now + days * DAY) for name, days in ends.items()
    }
    for name in ("revoked", "revoked too"):
        made[name] = TokenFactory(name=name, user=person, revoked_at=now, expires_at=now + 5 * DAY)
    TokenFactory(name="session", user=person, kind="temporary", expires_at=now + DAY)
    return made


def numbers(page: Page) -> dict[str, Element]:
    """The links with the number of tokens in each state."""
    links = page.one("ul", "home-states").all("a")
    return {link.one("span", "home-state-name").text: link for link in links}


def bars(page: Page) -> dict[str, str]:
    """Where each bar leads, by what it says."""
    wide = page.one("svg", "chart-wide")
    return {link.one("title").text: link.attributes["href"] for link in wide.all("a", "chart-week")}


def listed(visitor: Visitor, url: str) -> int:
    """How many tokens the list at an address has: Access Control, or the Django admin's."""
    response = visitor.get(url)
    assert response.status_code == 200, url
    return response.context["cl"].result_count if "cl" in response.context else Page(response).total


def test_home_needs_a_sign_in(anonymous: Visitor) -> None:
    assert anonymous.get("/")["Location"] == f"{reverse('account_login')}?next=/"


def test_the_page_is_one_of_ours_for_both_roles(reviewer: Visitor, tokens: dict[str, Token]) -> None:
    page = reviewer.see("/")
    assert (page.status, page.one("h1").text) == (200, "Home")
    is_locked_down(page.response)
    has_nothing_inline(page)
    marked = [link.text for link in page.one("nav", "side").all("a", aria_current="page")]
    assert marked == ["Home"]


@pytest.mark.parametrize("path", ["faults:list", "profile"])
def test_home_is_marked_in_the_navigation_on_no_other_page(path: str, reviewer: Visitor) -> None:
    marked = [link.text for link in reviewer.see(path).one("nav", "side").all("a", aria_current="page")]
    assert marked == (["Faults"] if path == "faults:list" else [])


def test_each_state_has_its_number_and_leads_to_those_tokens(reviewer: Visitor, tokens: dict[str, Token]) -> None:
    found = numbers(reviewer.see("/"))
    assert {name: link.one("strong").text for name, link in found.items()} == {
        "Active": "4",
        "Expiring": "3",
        "Expired": "1",
        "Revoked": "2",
    }
    assert {name: listed(reviewer, link.attributes["href"]) for name, link in found.items()} == {
        "Active": 4,
        "Expiring": 3,
        "Expired": 1,
        "Revoked": 2,
    }


@pytest.mark.parametrize("drawing", ["chart-wide", "chart-medium", "chart-narrow"])
def test_each_bar_leads_to_the_tokens_that_it_counts(drawing: str, reviewer: Visitor, tokens: dict[str, Token]) -> None:
    found = {link.one("title").text: link.attributes["href"] for link in reviewer.see("/").one("svg", drawing).all("a", "chart-week")}
    counts = {title: int(title.rpartition(": ")[2].split()[0]) for title in found}
    assert {title: listed(reviewer, url) for title, url in found.items()} == counts
    assert sum(counts.values()) == 7


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_led_only_to_pages_that_it_may_see(role: str, tokens: dict[str, Token]) -> None:
    FaultFactory(resource="a & b")
    undelivered("ops@example.com", state="failed")
    visitor = Visitor(UserFactory(role=role))
    links = {link.attributes["href"] for link in visitor.see("/").one("main").all("a") if link.attributes["href"].startswith("/")}
    assert len(links) > 15
    assert {visitor.get(url).status_code for url in links} == {200}


def test_the_table_behind_the_chart_has_every_week_and_the_same_numbers(as_administrator: Visitor, tokens: dict[str, Token]) -> None:
    page = as_administrator.see("/")
    rows = [(row.one("th").text, row.one("td")) for row in page.one("details", "home-table").one("tbody").all("tr")]
    assert len(rows) in (53, 54)
    linked = {f"{week}: {cell.text}": cell.one("a").attributes["href"] for week, cell in rows if cell.all("a")}
    assert linked == bars(page)
    assert {cell.text for _week, cell in rows if not cell.all("a")} == {"—"}


def test_the_chart_has_a_name_that_says_what_it_shows(as_administrator: Visitor) -> None:
    TokenFactory.create_batch(2)
    charts = as_administrator.see("/").all("svg", "chart")
    assert {chart.attributes["role"] for chart in charts} == {"group"}
    assert [chart.attributes["aria-label"].partition("; the most, 2, in ")[0] for chart in charts] == [
        f"2 tokens by {unit} of expiry" for unit in ("week", "month", "month")
    ]


def test_the_ten_that_end_soonest_come_with_their_days_and_lead_to_the_token(reviewer: Visitor, tokens: dict[str, Token]) -> None:
    owner = ServiceFactory(username="pipeline")
    now = timezone.now()
    tokens["today"] = TokenFactory(name="today", user=owner, expires_at=end_of_today(now))
    for number in range(5):
        tokens[f"later-{number}"] = TokenFactory(name=f"later-{number}", user=owner, expires_at=now + (50 + number) * DAY)
    rows = reviewer.see("/").one("section", aria_labelledby="home-soonest").one("tbody").all("tr")
    names = ["today", "in-5", "in-6", "in-14", "in-40", "in-41", "in-42", "later-0", "later-1", "later-2"]
    cells = [[cell.text for cell in row.all("td")] for row in rows]
    assert [row[0] for row in cells] == names
    assert [row[4] for row in cells] == ["today", "5", "6", "14", "40", "41", "42", "50", "51", "52"]
    assert cells[0][1:3] == [tokens["today"].hint, "pipeline"]
    page = reviewer.get(rows[0].one("a").attributes["href"]).content.decode()
    assert "today" in page
    assert tokens["today"].last_four in page


def end_of_today(now: datetime) -> datetime:
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + DAY


def test_open_faults_are_counted_as_the_bell_counts_and_the_latest_five_shown(reviewer: Visitor) -> None:
    now = timezone.now()
    for number in range(6):
        FaultFactory(resource=f"resource {number} <b>", raised_at=now - number * DAY, severity="critical" if number == 0 else "warning")
    FaultFactory(resource="seen", acknowledged_at=now)
    FaultFactory(resource="over", cleared_at=now)
    page = reviewer.see("/")
    faults = page.one("section", aria_labelledby="home-faults")
    assert [pill.text for pill in faults.one("header").all("span", "pill")] == ["Critical: 1", "Warning: 5"]
    assert faults.one("header").one("a").text == "All 6"
    links = faults.one("ul").all("a")
    assert [link.text for link in links] == [f"resource {number} <b>" for number in range(5)]
    assert "<b>" not in page.source
    assert reviewer.see(links[3].attributes["href"]).column("Resource") == ["resource 3 <b>"]
    assert page.one("a", "bell").attributes["aria-label"] == "Faults: 6 open"


def undelivered(address: str, kind: str = DIGEST, **values: Any) -> None:
    """A digest that the mail server has rejected so far."""
    now = timezone.now()
    (message,) = notifications.queue(kind, [address], now=now)
    Message.objects.filter(pk=message.pk).update(**{"attempts": 3, "last_error": "550 no such user", **values})


def test_notifications_not_accepted_are_shown_with_attempts_and_error(reviewer: Visitor) -> None:
    undelivered("gone@example.com", state="failed", attempts=15)
    undelivered("slow@example.com", state="queued", attempts=1, last_error="<timeout>")
    undelivered("waits@example.com", state="queued", attempts=0, last_error="")
    undelivered("fine@example.com", state="sent", attempts=2, sent_at=timezone.now())
    undelivered("withdrawn@example.com", state="failed", last_error="")
    undelivered("reset@example.com", kind="password_reset", state="failed")
    card = reviewer.see("/").one("section", aria_labelledby="home-undelivered")
    assert card.one("header").one("span", "pill").text == "2"
    assert [row.one("span", "home-row-text").text for row in card.all("li")] == [
        "slow@example.com after 1 attempt <timeout>",
        "gone@example.com after 15 attempts 550 no such user",
    ]
    assert [row.one("span", "pill").text for row in card.all("li")] == ["Retrying", "Failed"]


def test_the_number_of_queries_does_not_grow_with_the_rows(reviewer: Visitor) -> None:
    def add(count: int) -> None:
        for number in range(count):
            FaultFactory()
            undelivered(f"a{Message.objects.count()}@example.com", state="failed")
            TokenFactory(expires_at=timezone.now() + (number * 7 + 1) * DAY)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert reviewer.get("/").status_code == 200
        return len(captured)

    add(1)
    queries()
    few = queries()
    add(20)
    assert queries() == few
    assert few <= 15


def test_a_fresh_portal_says_what_to_do_first_until_it_is_done(as_administrator: Visitor) -> None:
    def steps() -> list[tuple[str, bool]]:
        found = as_administrator.see("/").all("section", "home-steps")
        return [(step.text, "done" in step.attributes.get("class", "")) for section in found for step in section.all("li")]

    assert [done for _step, done in steps()] == [False, False, False]
    TokenFactory(user=ServiceFactory())
    assert steps() == [
        ("Add a person or a service account (done)", True),
        ("Create a token for them (done)", True),
        ("Choose who is notified before tokens expire", False),
    ]
    config.add("token_expiration_days", "30", None)
    assert [done for _step, done in steps()] == [True, True, False]
    config.add("token_expiration_emails", "ops@example.com", None)
    assert steps() == []


def test_operators_are_not_told_to_do_what_they_may_not(as_operator: Visitor) -> None:
    assert not as_operator.see("/").all("section", "home-steps")


def test_a_portal_without_anything_says_so_in_words(reviewer: Visitor) -> None:
    page = reviewer.see("/")
    assert [link.one("strong").text for link in numbers(page).values()] == ["0"] * 4
    assert not page.all("svg", "chart")
    assert [line.text for line in page.all("p", "home-none")] == [
        "No active tokens, so nothing expires." + (" Choose a user to create one for." if reviewer.user.is_administrator else ""),
        "No active tokens.",
        "No open faults.",
        "All notifications delivered.",
    ]
