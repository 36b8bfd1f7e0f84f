"""Lists at every width: all columns on screen where there is room, cards on a phone, long texts cut and shown whole."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from portal.users.models import User
from tests.browser.accessibility import PHONE
from tests.browser.watching import Visit
from tests.factories import FaultFactory, TokenFactory, UserFactory

pytestmark = pytest.mark.field

LONG = "a name of one " + "w" * 80


def hidden_columns(page: Page) -> list[str]:
    """The headings of which a part is not on screen."""
    return page.locator(".list-table th").evaluate_all(
        "all => all.filter(th => th.getBoundingClientRect().right > innerWidth).map(th => th.innerText)"
    )


def overflowing(page: Page) -> list[str]:
    """Texts of cells that reach beyond their cells."""
    return page.locator(".list-table td").evaluate_all(
        "all => all.filter(td => [...td.children].some(c => c.getBoundingClientRect().right > td.getBoundingClientRect().right + 1))"
        ".map(td => td.innerText)"
    )


def test_every_column_is_on_screen_and_phones_get_cards(visit: Visit, administrator: User) -> None:
    owner = UserFactory(username="somebody.lastname@a.department.with.a.long.name.example.com")
    parent = TokenFactory(user=owner, name=LONG)
    TokenFactory(user=owner, name="child", created_with=parent, created_by=owner, last_used_at=timezone.now())
    FaultFactory(resource=LONG, description=LONG * 3)
    paths = {reverse("tokens:all"): 1280, reverse("tokens:user_tokens", args=[owner.username]): 1280, reverse("faults:list"): 1024}
    page = visit(administrator, reverse("tokens:all"))
    for path, width in paths.items():
        for each in (width, 1440):
            page.set_viewport_size({"width": each, "height": 800})
            page.goto(path)
            assert (hidden_columns(page), overflowing(page)) == ([], []), (path, each)
        page.set_viewport_size(PHONE)
        assert page.locator(".list-bar").evaluate("bar => bar.scrollWidth - bar.clientWidth") == 0, path
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        row = page.locator(".list-table tbody tr").first
        expect(row.locator("td.col-status, td.col-state")).to_be_in_viewport()
        box = row.bounding_box()
        assert box
        assert box["width"] <= PHONE["width"]


def test_a_cut_name_is_shown_whole_and_filters_fold(visit: Visit, administrator: User) -> None:
    TokenFactory(user=administrator, name=LONG)
    page = visit(administrator, reverse("tokens:all"))
    page.set_viewport_size({"width": 1280, "height": 800})
    whole = page.get_by_role("tooltip")
    page.get_by_role("link", name=LONG).focus()
    expect(whole).to_have_text(LONG)
    page.keyboard.press("Escape")
    expect(whole).to_have_count(0)
    page.get_by_role("link", name=LONG).hover()
    expect(whole).to_have_text(LONG)
    page.set_viewport_size(PHONE)
    page.goto(reverse("tokens:all") + "?status=active")
    button = page.get_by_role("button", name=re.compile("^Filters"))
    expect(button).to_have_text("Filters 1 set")
    expect(page.get_by_label("Status")).to_be_hidden()
    button.click()
    expect(page.get_by_label("Status")).to_have_value("active")
    expect(button).to_have_attribute("aria-expanded", "true")


def test_names_have_room_on_a_tablet_and_homes_table_fits(visit: Visit, administrator: User) -> None:
    TokenFactory(user=administrator, name=LONG, last_used_at=timezone.now())
    page = visit(administrator)
    soonest = page.get_by_role("region", name="Tokens that expire soonest")
    for width in (1280, 768):
        page.set_viewport_size({"width": width, "height": 1024})
        assert soonest.evaluate("scroll => scroll.scrollWidth - scroll.clientWidth") == 0, width
    for path in (reverse("profile"), reverse("tokens:user_tokens", args=[administrator.username])):
        page.goto(path)
        assert page.locator("th.col-name, th.col-label").first.evaluate("cell => cell.offsetWidth") > 110, path
        assert (hidden_columns(page), overflowing(page)) == ([], []), path


BAR_IS_FULL = """() => {
  const bar = document.querySelector(".list-bar"), filters = bar.querySelector(".list-filters");
  const room = bar.clientWidth - 2 * parseFloat(getComputedStyle(bar).paddingLeft);
  const last = [...bar.querySelectorAll(".list-actions :is(a, button)")].at(-1);
  const edge = bar.getBoundingClientRect().right - last.getBoundingClientRect().right;
  return Math.abs(filters.offsetWidth - room) < 2 && Math.abs(edge - 24) < 3;
}"""


@pytest.mark.field
def test_filters_have_the_lists_whole_width_and_buttons_its_right_edge(visit: Visit, administrator: User) -> None:
    FaultFactory()
    page = visit(administrator, reverse("faults:list"))
    for width in (1280, 1024):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function(BAR_IS_FULL)  # the navigation takes a moment to follow the window
