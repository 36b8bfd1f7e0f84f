"""The calendar's link on the Profile: masked, fetched by the eye or the copy button, renewed and switched off after a question."""

import pytest
from playwright.sync_api import Page, expect

from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.steps import clipboard
from tokens.calendar import links as calendar

pytestmark = pytest.mark.field

MASKED = "/calendar/**********.ics"


def switch_on(page: Page) -> None:
    page.goto("/profile/")
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_text(MASKED)).to_be_visible()


def address(user: User) -> str:
    return calendar.address(calendar.current(user))


def test_the_eye_shows_the_link_and_leaves_the_temporary_token_masked(portal: Page, administrator: User) -> None:
    switch_on(portal)
    eye = portal.get_by_role("button", name="Show the calendar's link")
    eye.click()
    expect(portal.get_by_text(address(administrator))).to_be_visible()
    assert "tpt_" not in portal.content()
    eye.click()
    expect(portal.get_by_text(MASKED)).to_be_visible()
    assert address(administrator) not in portal.content()


def test_copying_does_not_show_the_link(portal: Page, administrator: User) -> None:
    switch_on(portal)
    portal.get_by_role("button", name="Copy the calendar's link").click()
    expect(portal.get_by_role("status").filter(has_text="Calendar link copied.")).to_be_visible()
    assert clipboard(portal) == address(administrator)
    assert address(administrator) not in portal.content()


def test_renewing_and_switching_off_ask_first(portal: Page, administrator: User) -> None:
    switch_on(portal)
    old = address(administrator)
    portal.get_by_role("link", name="Renew").click()
    window = portal.get_by_role("dialog", name="Renew the calendar's link")
    window.get_by_role("link", name="Cancel").click()
    expect(window).to_be_hidden()
    assert address(administrator) == old
    portal.get_by_role("link", name="Renew").click()
    window.get_by_role("button", name="Renew").click()
    expect(portal.get_by_text("The old link no longer works.")).to_be_visible()
    assert address(administrator) != old
    portal.get_by_role("link", name="Turn off").click()
    portal.get_by_role("dialog").get_by_role("button", name="Turn off").click()
    expect(portal.get_by_text("The calendar is turned off.")).to_be_visible()
    assert calendar.current(administrator) is None
    expect(portal.get_by_role("button", name="Turn on")).to_be_visible()


def test_the_card_and_its_windows_are_sound(portal: Page) -> None:
    switch_on(portal)
    found = audit(portal, "calendar") + too_wide(portal, "calendar")
    for name in ("Renew", "Turn off"):
        portal.goto("/profile/")
        portal.get_by_role("link", name=name).click()
        expect(portal.get_by_role("dialog").get_by_role("button", name=name)).to_be_visible()
        found += audit(portal, name, "dialog[open]") + too_wide(portal, name)
    assert not found, "\n".join(found)
