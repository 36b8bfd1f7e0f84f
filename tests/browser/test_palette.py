"""The palette, the shortcuts and the bell's menu, by keyboard and pointer."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.steps import dialog
from tests.browser.watching import Visit
from tests.factories import FaultFactory, TokenFactory, UserFactory

pytestmark = pytest.mark.field
NEVER_WHILE_TYPING = """() => {
  const { setTimeout } = window;
  window.setTimeout = (action, delay, ...rest) => setTimeout(action, delay === 150 ? 600_000 : delay, ...rest);
}"""
ASK_NOW = """() => {
  const now = Date.now;
  Date.now = () => now() + 61_000;
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_the_palette_finds_and_opens_by_the_keyboard(portal: Page, administrator: User) -> None:
    owner = UserFactory(username="zoe@example.com", display_name="Zoë Quist")
    TokenFactory(user=owner, name="zoe-backup")
    portal.keyboard.press("Control+k")
    box = portal.get_by_role("dialog", name="Jump to")
    field = box.get_by_role("combobox")
    expect(field).to_be_focused()
    expect(box.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    found = audit(portal, "palette", "#palette") + too_wide(portal, "palette")
    portal.keyboard.type("zoe")
    expect(box.get_by_role("option")).to_have_count(2)
    expect(box.get_by_role("status")).to_have_text("2 results")
    found += audit(portal, "palette with results", "#palette")
    assert not found, "\n".join(found)
    portal.keyboard.press("ArrowUp")  # from the first to the last
    expect(box.get_by_role("option", name="zoe-backup")).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", "palette-2-1")
    portal.keyboard.press("ArrowDown")
    portal.keyboard.press("Enter")
    expect(portal).to_have_url(re.compile(reverse("tokens:user_tokens", args=[owner.username])))

    portal.get_by_role("button", name="Jump to").click()
    portal.keyboard.type("create user")
    expect(box.get_by_role("option")).to_have_count(1)
    portal.keyboard.press("Enter")
    pane = dialog(portal, "Create User")
    expect(box).to_be_hidden()
    portal.keyboard.press("Control+k")
    expect(box).to_be_hidden()
    portal.keyboard.press("Escape")
    expect(pane).to_be_hidden()
    expect(portal.get_by_role("button", name="Jump to")).to_be_focused()

    portal.keyboard.press("Control+k")
    portal.keyboard.type("theme dark")
    expect(box.get_by_role("option")).to_have_count(1)
    portal.keyboard.press("Enter")
    expect(portal.locator("html")).to_have_attribute("data-bs-theme", "dark")
    portal.keyboard.press("Meta+k")
    portal.keyboard.press("Escape")
    expect(box).to_be_hidden()
    portal.evaluate(NEVER_WHILE_TYPING)
    first: list[Route] = []
    portal.route(re.compile(r"/palette/\?q=$"), lambda route: first.append(route))  # noqa: PLW0108  # Playwright takes no built-in method
    portal.keyboard.press("Control+k")
    portal.keyboard.type("logout")  # Enter comes before the results, but after those of no text
    with portal.expect_response(re.compile(r"/palette/\?q=$")) as response:
        first[0].continue_()
    response.value.finished()
    expect(box.get_by_role("option").first).to_be_visible()
    portal.keyboard.press("Enter")
    expect(portal.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_single_keys_work_outside_of_fields_and_dialogs_until_they_are_turned_off(portal: Page) -> None:
    portal.goto(reverse("users:list"))
    search = portal.get_by_role("searchbox", name="Search")
    shortcuts = portal.get_by_role("dialog", name="Shortcuts")
    portal.keyboard.press("/")
    expect(search).to_be_focused()
    portal.keyboard.type("a/?")
    expect(search).to_have_value("a/?")
    expect(shortcuts).to_be_hidden()
    search.blur()
    portal.keyboard.press("?")
    expect(shortcuts).to_be_visible()
    found = audit(portal, "shortcuts", "#shortcuts") + too_wide(portal, "shortcuts")
    assert not found, "\n".join(found)
    portal.keyboard.press("/")
    expect(search).not_to_be_focused()
    shortcuts.get_by_role("checkbox").uncheck()
    portal.keyboard.press("Escape")
    portal.keyboard.press("?")
    portal.keyboard.press("/")
    expect(shortcuts).to_be_hidden()
    expect(search).not_to_be_focused()
    portal.keyboard.press("Control+k")  # has no single key, and stays
    portal.keyboard.type("shortcuts")
    portal.keyboard.press("Enter")
    expect(shortcuts.get_by_role("checkbox")).not_to_be_checked()


def test_the_bell_lists_the_newest_faults_and_counts_new_ones_by_itself(visit: Visit, administrator: User) -> None:
    first = FaultFactory(resource="first", name="Token expires")
    page = visit(administrator, reverse("profile"))
    bell = page.get_by_role("button", name="Faults: 1 open")
    bell.focus()
    page.keyboard.press("Enter")
    entry = page.locator(".bell-menu").get_by_role("link", name="first")
    expect(entry).to_be_visible()
    found = audit(page, "bell", ".bell-menu") + too_wide(page, "bell")
    assert not found, "\n".join(found)
    expect(page.get_by_role("link", name="See all")).to_have_attribute("href", reverse("faults:list"))
    page.keyboard.press("Escape")
    FaultFactory(resource="second")
    page.evaluate(ASK_NOW)
    expect(page.get_by_role("button", name="Faults: 2 open")).to_be_focused()
    page.keyboard.press("Enter")
    expect(entry).to_be_visible()
    page.keyboard.press("Escape")
    cookies = page.context.cookies()
    page.context.clear_cookies()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "faults/bell/?" in request.url else None)
    for _ in range(2):  # after the session has ended it asks once, without a complaint, and then no more
        with page.expect_event("console", lambda message: message.text == "asked"):
            page.evaluate(ASK_NOW)
            page.evaluate("setTimeout(() => console.info('asked'), 500)")
    assert len(asked) == 1
    page.context.add_cookies(cookies)
    page.get_by_role("button", name="Faults: 2 open").click()
    page.locator(".bell-menu").get_by_role("link", name="first").click()
    expect(page).to_have_url(re.compile(rf"/faults/({first.pk}/|\?.*first)"))
