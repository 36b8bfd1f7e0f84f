"""A phone's navigation is a drawer; light and dark follow the system or the reader's choice."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import PHONE


@pytest.fixture
def phone(portal: Page) -> Page:
    portal.emulate_media(reduced_motion="no-preference")  # the drawer slides
    portal.set_viewport_size(PHONE)
    return portal


def test_the_drawer_opens_leads_on_and_closes(phone: Page) -> None:
    navigation = phone.get_by_role("navigation", name="Main")
    menu = phone.get_by_role("button", name="Menu", exact=True)
    expect(navigation).to_be_hidden()
    menu.click()
    expect(navigation.get_by_role("link", name="Home")).to_be_focused()
    expect(menu).to_have_attribute("aria-expanded", "true")
    phone.keyboard.press("Escape")
    expect(navigation).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    phone.mouse.click(PHONE["width"] - 10, 500)
    expect(navigation).to_be_hidden()
    menu.click()
    navigation.get_by_role("link", name="Access Control").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Access Control")
    expect(navigation).to_be_hidden()


def test_a_token_is_created_on_a_phone(phone: Page) -> None:
    phone.get_by_role("link", name="Create Token").click()
    phone.get_by_label("Token Name").fill("from-the-train")
    phone.get_by_role("button", name="Create", exact=True).click()
    window = phone.get_by_role("dialog", name="Token Created")
    expect(window.get_by_role("button", name="Copy", exact=True)).to_be_in_viewport(ratio=1)
    box = window.get_by_label("Token", exact=True).bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]


def test_dark_follows_the_system_and_a_choice_is_kept(portal: Page) -> None:
    html = portal.locator("html")
    expect(html).to_have_attribute("data-bs-theme", "light")
    portal.emulate_media(color_scheme="dark")
    expect(html).to_have_attribute("data-bs-theme", "dark")
    expect(portal.locator("body")).to_have_css("background-color", re.compile(r"rgb\((\d|[1-4]\d), (\d|[1-4]\d), (\d|[1-4]\d)\)"))
    portal.get_by_role("button", name="Theme").click()
    portal.get_by_role("button", name="Light").click()
    expect(html).to_have_attribute("data-bs-theme", "light")
    portal.reload()
    expect(html).to_have_attribute("data-bs-theme", "light")


def test_the_navigation_folds_to_icons_and_stays_so(portal: Page) -> None:
    navigation = portal.get_by_role("navigation", name="Main")
    wide = navigation.bounding_box()
    portal.get_by_role("button", name="Collapse sidebar").click()
    portal.reload()
    narrow = navigation.bounding_box()
    assert wide
    assert narrow
    assert narrow["width"] < wide["width"] / 2
    expect(navigation.get_by_role("link", name="Users")).to_be_visible()
