"""High contrast, paper, and pages that are zoomed to 400%."""

import re
from datetime import timedelta
from itertools import pairwise

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from portal.users.models import User
from tests.browser.steps import dialog
from tests.browser.watching import Visit
from tests.factories import TokenFactory

pytestmark = pytest.mark.field
BORDER = "element => getComputedStyle(element).borderLeftColor"
BACK = "element => getComputedStyle(element).backgroundColor"
# What is wider than the page.
TOO_WIDE = """() => [...document.querySelectorAll("main *")].filter((element) => {
  const box = element.getBoundingClientRect();
  return box.width && box.right > document.documentElement.clientWidth + 1;
}).map((element) => element.outerHTML.slice(0, 120))"""


def test_in_high_contrast_one_entry_is_active_and_every_control_shows(portal: Page) -> None:
    portal.goto(reverse("users:list"))
    portal.emulate_media(forced_colors="active", reduced_motion="reduce")
    side = portal.get_by_role("navigation", name="Main")
    active, other = side.get_by_role("link", name="Users"), side.get_by_role("link", name="Faults")
    canvas = portal.locator("body").evaluate(BACK)
    assert other.evaluate(BORDER) == canvas
    assert active.evaluate(BORDER) != canvas
    assert active.evaluate(BACK) != other.evaluate(BACK)
    portal.get_by_role("link", name="Add", exact=True).click()
    pane = dialog(portal, "Create User")
    focused = pane.get_by_label("Username")
    expect(focused).to_be_focused()
    assert focused.evaluate("field => getComputedStyle(field).outlineStyle") != "none"
    assert pane.get_by_role("button", name="Close").evaluate("button => getComputedStyle(button, '::before').content").startswith('"×"')
    portal.keyboard.press("Escape")
    icon = portal.locator("#bell button .fa-solid")
    assert icon.evaluate("icon => getComputedStyle(icon, '::before').backgroundColor") != canvas


def test_paper_has_the_content_alone_black_on_white_and_within_its_width(visit: Visit, administrator: User, furnished: User) -> None:
    TokenFactory(user=furnished, name="W" * 100, expires_at=timezone.now() + timedelta(days=2))
    page = visit(administrator)
    page.set_viewport_size({"width": 700, "height": 1000})  # A4 without its margins
    page.emulate_media(media="print", color_scheme="dark", reduced_motion="reduce")
    paths = [reverse(name) for name in ("home", "profile", "users:list", "tokens:all", "settings:config", "faults:list")]
    for path in [*paths, reverse("tokens:user_tokens", args=[furnished.username])]:
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        for gone in (".topbar", ".side", ".list-form input", "main .btn", ".row-menu"):
            for part in page.locator(gone).all():
                expect(part).to_be_hidden()
        assert page.locator("body").evaluate(BACK) == "rgb(255, 255, 255)"
        expect(page.get_by_role("heading", level=1)).to_have_css("color", "rgb(0, 0, 0)")
        assert page.evaluate(TOO_WIDE) == [], path
    instant = page.locator("time.when").first
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC", instant.evaluate("each => each.title || each.dataset.exact"))


def test_at_320_pixels_nothing_of_the_frame_is_lost(portal: Page) -> None:
    portal.set_viewport_size({"width": 320, "height": 256})  # 1280 x 1024 at 400%
    assert portal.evaluate("document.documentElement.scrollWidth") == 320
    for name in (re.compile("^Menu"), "Jump to", "Theme", re.compile("^Faults: "), "User menu"):
        expect(portal.get_by_role("banner").get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    boxes = [each.bounding_box() for each in portal.locator(".topbar :is(.brand, button, .bell-count)").all() if each.is_visible()]
    placed = sorted((box["x"], box["x"] + box["width"]) for box in boxes if box)
    assert all(left[1] <= right[0] + 1 for left, right in pairwise(placed))
