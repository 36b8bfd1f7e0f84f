"""What every list shares: searching, paging, sorting, and bearing whatever stands in the address."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from portal.core.actors import Actor
from portal.users.models import User
from tests.factories import FaultFactory, TokenFactory, UserFactory
from tests.notifications.rejecting import queue
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tokens.models import Notice, ScanRun

RUNS_ON = "both"
pytestmark = pytest.mark.django_db
KEYS = [
    ("token_expiration_days", "30;7"),
    ("token_expiration_emails", "ops@example.com"),
    ("session_minutes", "60"),
    ("token_lifetime_days", "90"),
    ("users_may_create_tokens", "true"),
    ("notify_token_owners", "true"),
]


def tokens(user: User, count: int) -> None:
    for _ in range(count):
        TokenFactory(user=user, created_by=user, last_used_at=timezone.now())


def everybodys_tokens(user: User, count: int) -> None:
    for _ in range(count):
        TokenFactory()


def users(user: User, count: int) -> None:
    for _ in range(count):
        tokens(UserFactory(), 1)


def faults(user: User, count: int) -> None:
    for _ in range(count):
        FaultFactory(acknowledged_by=UserFactory(), acknowledged_at=timezone.now(), links=[{"label": "x", "url": "/", "admin_url": "/"}])


def configs(user: User, count: int) -> None:
    for key, value in KEYS[:count]:
        config.add(key, value, Actor(user))


def url_of(name: str) -> str:
    return reverse(name, args=["alice@example.com"] if name == "tokens:user_tokens" else [])


# What makes rows of each list, and how many rows it has before.
LISTS: dict[str, tuple[Callable[[User, int], None], int]] = {
    "profile": (tokens, 0),
    "tokens:user_tokens": (tokens, 0),
    "tokens:all": (everybodys_tokens, 0),
    "users:list": (users, 1),
    "faults:list": (faults, 0),
    "settings:config": (configs, 0),
}
every_list = pytest.mark.parametrize("name", LISTS)


def queries(visitor: Visitor, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert visitor.get(url).status_code == 200
    return len(captured)


@every_list
def test_the_number_of_queries_does_not_grow_with_the_rows(name: str, as_administrator: Visitor) -> None:
    make, before = LISTS[name]
    url = url_of(name) + "?per_page=100"
    make(as_administrator.user, 1)
    queries(as_administrator, url)
    few = queries(as_administrator, url)
    count = 3 if name == "settings:config" else 30
    if name == "settings:config":
        config.delete(config.Config.objects.get(), None)
        make(as_administrator.user, 4)
    else:
        make(as_administrator.user, count - 1)
    assert len(as_administrator.see(url).rows) >= before + count
    assert queries(as_administrator, url) == few
    assert few <= 15


def log_rows(count: int) -> None:
    """Rows for every list of the Django admin."""
    now = timezone.now()
    for number in range(count):
        token = TokenFactory(created_by=UserFactory(), revoked_by=UserFactory())
        message = queue(f"a{number}@example.com")
        ScanRun.objects.create(triggered_by="person", person=token.user, started_at=now, finished_at=now)
        Notice.objects.create(token=token, threshold=7, address=message.recipient, created_at=now, message=message)
        FaultFactory(acknowledged_by=token.user)
        config.audit.record(Actor(token.user), token, config.audit.CREATE, name=("", "x"))


@pytest.mark.parametrize("model", [model for model in admin.site._registry if model._meta.label != "settings_app.Config"])
def test_the_lists_of_the_django_admin_take_no_more_queries_for_more_rows(model: Any, as_operator: Visitor) -> None:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    log_rows(2)
    queries(as_operator, url)
    few = queries(as_operator, url)
    log_rows(10)
    assert queries(as_operator, url) == few


EMPTY = {
    "profile": "You have no API tokens. Create one for a program that runs without you, such as a pipeline. Create your first token",
    "tokens:user_tokens": "Alice has no tokens yet. Create the first token",
    "tokens:all": "No tokens yet. Permanent tokens are created on the page of the user who owns them. Choose a user",
    "settings:config": "No settings changed; all defaults apply. See what can be changed",
    "faults:list": "No open faults. A fault is raised before a permanent token expires, and when a notification can't be delivered.",
}


@every_list
def test_a_list_without_rows_says_so_in_words(name: str, as_administrator: Visitor) -> None:
    _make, before = LISTS[name]
    page = as_administrator.see(url_of(name))
    assert (page.total, len(page.rows)) == (before, before)
    assert len(page.all("div", "empty")) == (1 if not before else 0)
    if not before:
        assert page.one("div", "empty").text == EMPTY[name]


def test_a_filter_that_matches_nothing_offers_to_clear_it(as_administrator: Visitor) -> None:
    TokenFactory()
    empty = as_administrator.see("tokens:all", status="revoked").one("div", "empty")
    assert empty.text == "Nothing matches these filters. Clear filters"
    assert as_administrator.see(empty.one("a").attributes["href"]).total == 1


def test_users_without_tokens_are_told_who_creates_them(as_person: Visitor) -> None:
    empty = as_person.see("profile").one("div", "empty")
    assert "ask an administrator" in empty.text
    assert not empty.all("a")


@every_list
def test_a_search_that_finds_nothing_offers_the_way_back(name: str, as_administrator: Visitor) -> None:
    make, before = LISTS[name]
    make(as_administrator.user, 1)
    page = as_administrator.see(url_of(name), q="no such thing")
    assert (page.total, page.rows) == (0, [])
    clear = "Clear filters" if page.response.context["list"]["filter"] else "Clear search"
    assert page.one("div", "empty").text == f"Nothing matches your search. {clear}"
    assert page.value("q") == "no such thing"
    assert as_administrator.see(page.one("div", "empty").one("a").attributes["href"]).total == before + 1


def over_the_lists(oddities: list[str]) -> list[tuple[str, str]]:
    """The first two on every list; the others on one, since all lists share what reads the address."""
    return [(name, odd) for odd in oddities for name in (LISTS if odd in oddities[:2] else ["tokens:all"])]


ODD_NUMBERS = ["1000000000", "-1", "0", "abc", "", "1.5", "9" * 5000, "\x00", "1;DROP TABLE", "nan"]


@pytest.mark.parametrize("parameter", ["page", "per_page"])
@pytest.mark.parametrize(("name", "number"), over_the_lists(ODD_NUMBERS))
def test_an_odd_page_or_size_shows_a_page_of_the_usual_size(name: str, parameter: str, number: str, as_administrator: Visitor) -> None:
    make, before = LISTS[name]
    make(as_administrator.user, 1)
    page = as_administrator.see(url_of(name), **{parameter: number})
    assert (page.status, page.total, len(page.rows)) == (200, before + 1, before + 1)
    assert page.value("per_page") == "25"


ODD_ORDERS = ["-digest", "user__password", "nothing", "--name", ",,,", "\x00", "id;DROP TABLE", "-" * 3000, "pk"]


@pytest.mark.parametrize(("name", "sort"), over_the_lists(ODD_ORDERS))
def test_an_odd_order_leaves_the_usual_one(name: str, sort: str, as_administrator: Visitor) -> None:
    make, before = LISTS[name]
    make(as_administrator.user, 3)
    usual = as_administrator.see(url_of(name))
    page = as_administrator.see(url_of(name), sort=sort)
    assert page.status == 200
    assert page.rows == usual.rows
    assert len(page.rows) == before + 3


ODD_WORDS = [
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "'; DROP TABLE tokens_token; --",
    '"><img src=x onerror=alert(1)>',
    "%",
    "_",
    "\\",
    "{{ 7 }}",
]


@pytest.mark.parametrize(("name", "words"), over_the_lists(ODD_WORDS))
def test_odd_words_are_searched_for_as_they_stand(name: str, words: str, as_administrator: Visitor) -> None:
    make, _before = LISTS[name]
    make(as_administrator.user, 2)
    page = as_administrator.see(url_of(name), q=words)
    assert (page.status, page.total, page.rows) == (200, 0, [])
    assert page.value("q") == words
    assert not ("<" in words and words in page.source)


@every_list
def test_a_search_of_ten_thousand_characters_is_cut(name: str, as_administrator: Visitor) -> None:
    page = as_administrator.see(url_of(name), q="x" * 10_000)
    assert page.status == 200
    assert page.value("q") == "x" * 200


@every_list
def test_a_nul_in_a_search_is_left_out(name: str, as_administrator: Visitor) -> None:
    make, before = LISTS[name]
    make(as_administrator.user, 1)
    page = as_administrator.see(url_of(name), q="\x00")
    assert (page.status, page.total) == (200, before + 1)


@every_list
def test_every_heading_sorts_both_ways_and_keeps_search_and_size(name: str, as_administrator: Visitor) -> None:
    make, _before = LISTS[name]
    make(as_administrator.user, 4)
    page = as_administrator.see(url_of(name), per_page="50", q="e")
    links = [link for heading in page.all("th") for link in heading.all("a")]
    assert links
    for link in links:
        once = as_administrator.see(url_of(name) + link.attributes["href"])
        assert (once.value("q"), once.value("per_page"), once.status) == ("e", "50", 200)
        assert sorted(once.rows) == sorted(page.rows)
        again = once.one(id=link.attributes["id"]).attributes["href"]
        assert again != link.attributes["href"]
        assert sorted(as_administrator.see(url_of(name) + again).rows) == sorted(page.rows)


def test_paging_shows_every_row_once_and_a_page_too_far_is_the_last_one(as_administrator: Visitor) -> None:
    tokens(as_administrator.user, 23)
    url = url_of("tokens:all")
    pages = [as_administrator.see(url, per_page=10, page=number) for number in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [10, 10, 3]
    assert len({tuple(row) for page in pages for row in page.rows}) == 23
    assert as_administrator.see(url, per_page=10, page=10**9).rows == pages[2].rows
    following = pages[0].one("a", id="page-next").attributes["href"]
    assert as_administrator.see(url + following).rows == pages[1].rows


def test_without_javascript_a_search_is_a_form_with_a_button(as_administrator: Visitor) -> None:
    form = as_administrator.see("users:list").one("form", id="list-form")
    assert (form.attributes["method"], form.attributes.get("action", "")) == ("get", "")
    assert [button.text for button in form.one("noscript").all("button")] == ["Search"]


@every_list
def test_with_htmx_a_list_is_answered_with_the_whole_page_to_take_the_part_from(name: str, as_administrator: Visitor) -> None:
    as_administrator.htmx = "results"
    page: Page = as_administrator.see(url_of(name))
    assert len(page.all("html")) == 1
    assert page.one(id="results")
    assert page.one(id="list-total")
