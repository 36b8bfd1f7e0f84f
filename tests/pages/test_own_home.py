"""Home of an ordinary user: the temporary token, their tokens that expire soonest, those that nothing uses, and what to do next."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from tests.factories import TokenFactory
from tests.pages.page import Element, Page
from tests.pages.test_headers import has_nothing_inline, is_locked_down
from tests.pages.visitor import Visitor

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def card(page: Page, name: str) -> Element:
    return page.one("section", aria_labelledby=name)


def test_the_page_has_the_temporary_token_and_the_documentation(as_person: Visitor) -> None:
    page = as_person.see("/")
    assert (page.status, page.one("h1").text) == (200, "Home")
    is_locked_down(page.response)
    has_nothing_inline(page)
    temporary = card(page, "home-temporary")
    assert temporary.one("form").attributes["action"] == reverse("tokens:temporary")
    assert "Expires" in temporary.text
    assert temporary.all("a", href=reverse("api_page"))


def test_the_tokens_that_expire_soonest_come_first_and_are_ones_own(as_person: Visitor) -> None:
    config.add("token_expiration_days", "15", None)
    now = timezone.now()
    for days in (40, 3, 200, 1, 60, 90):
        TokenFactory(user=as_person.user, name=f"in-{days}", expires_at=now + days * DAY)
    TokenFactory(user=as_person.user, name="over", revoked_at=now)
    TokenFactory(name="another's", expires_at=now + DAY)
    tokens = card(as_person.see("/"), "home-tokens")
    assert [row.one("a").text for row in tokens.all("li")] == ["in-1", "in-3", "in-40", "in-60", "in-90"]
    pills = [row.one("span", "pill") for row in tokens.all("li")]
    assert [pill.text for pill in pills] == ["1 day left", "3 days left", "40 days left", "60 days left", "90 days left"]
    assert ["pill-warning" in pill.attributes["class"] for pill in pills] == [True, True, False, False, False]
    assert tokens.one("header").one("a").text == "All 6 active tokens"


def test_unused_tokens_are_shown_with_the_way_to_revoke_them(as_person: Visitor) -> None:
    now = timezone.now()
    old = {"user": as_person.user, "created_at": now - 200 * DAY}
    idle = TokenFactory(name="idle", last_used_at=now - 91 * DAY, **old)
    TokenFactory(name="never", **old)
    TokenFactory(name="in use", last_used_at=now - 2 * DAY, **old)
    TokenFactory(name="new", user=as_person.user)
    TokenFactory(name="gone", revoked_at=now, **old)
    page = as_person.see("/")
    rows = {row.one("bdi").text: row for row in card(page, "home-unused").all("li")}
    assert set(rows) == {"idle", "never"}
    assert "Never used" in rows["never"].text
    assert rows["idle"].all("a", href=reverse("tokens:revoke", args=[idle.pk]))[0].attributes["aria-label"] == "Revoke idle"
    as_person.user.tokens.update(last_used_at=now)
    assert not as_person.see("/").all("section", aria_labelledby="home-unused")


def test_without_tokens_the_page_says_what_the_user_can_do(as_person: Visitor) -> None:
    tokens = card(as_person.see("/"), "home-tokens")
    assert "ask an administrator" in tokens.text
    assert not tokens.all("a")
    config.add("users_may_create_tokens", "true", None)
    tokens = card(as_person.see("/"), "home-tokens")
    assert [link.text for link in tokens.all("a")] == ["Create Token"]
    assert "Create one" in tokens.text


def test_the_number_of_queries_does_not_grow_with_the_tokens(as_person: Visitor) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert as_person.get("/").status_code == 200
        return len(captured)

    TokenFactory(user=as_person.user, created_at=timezone.now() - 200 * DAY)
    few = queries()
    TokenFactory.create_batch(7, user=as_person.user, created_at=timezone.now() - 200 * DAY)
    assert queries() == few
