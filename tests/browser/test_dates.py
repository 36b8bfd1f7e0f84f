"""A date shows its exact instant on hover, focus and tap, in a list and in a dialog."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from portal.users.models import User
from tests.browser.steps import row
from tests.browser.watching import Visit
from tests.clock import exact
from tests.factories import TokenFactory

pytestmark = pytest.mark.field


@pytest.fixture
def tokens(visit: Visit, administrator: User) -> Page:
    TokenFactory(user=administrator, name="first")
    TokenFactory(user=administrator, name="second")
    return visit(administrator, reverse("tokens:all"))


def test_the_exact_instant_shows_on_hover_focus_and_tap(tokens: Page, administrator: User) -> None:
    date, bubble = row(tokens, "second").locator("time.when").first, tokens.get_by_role("tooltip")
    created = exact(administrator.tokens.get(name="second").created_at)
    date.hover()
    expect(bubble).to_have_text(created)
    bubble.hover()
    expect(bubble).to_be_visible()
    tokens.mouse.move(1, 1)
    expect(bubble).to_be_hidden()
    date.click()
    expect(date).to_have_accessible_description(created)
    tokens.keyboard.press("Escape")
    expect(bubble).to_be_hidden()


def test_the_arrow_keys_lead_from_date_to_date(tokens: Page) -> None:
    dates = tokens.locator("td time.when")
    assert tokens.locator("td time.when[tabindex='0']").count() == 1
    dates.first.focus()
    tokens.keyboard.press("ArrowRight")
    expect(dates.nth(1)).to_be_focused()
    expect(tokens.get_by_role("tooltip")).to_have_text(dates.nth(1).get_attribute("data-exact") or "")
    tokens.keyboard.press("Tab")
    expect(tokens.get_by_role("tooltip")).to_be_hidden()


def test_paper_has_the_exact_instants(tokens: Page) -> None:
    tokens.emulate_media(media="print")
    content = tokens.locator("td time.when").first.evaluate("date => getComputedStyle(date, '::after').content")
    assert content not in ("none", "normal")
