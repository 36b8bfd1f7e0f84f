"""System Settings, tab All settings, by keyboard and pointer: chips, switches, confirmations, and what is not saved yet."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

import settings_app.services as config
from portal.users.models import User
from settings_app.registry import KEYS
from tests.browser.accessibility import audit, too_wide
from tests.browser.steps import click_tab, dialog, navigate
from tests.browser.watching import Watch

pytestmark = pytest.mark.field
EMAILS, DAYS = KEYS["token_expiration_emails"].label, KEYS["token_expiration_days"].label


def open_settings(page: Page) -> None:
    navigate(page, "Administrator", "System Settings")
    click_tab(page, "All settings")


def setting(page: Page, key: str) -> Locator:
    return page.locator(f"#setting-{key}")


def save(page: Page, key: str) -> None:
    page.get_by_role("button", name=f"Save {KEYS[key].label}").click()


def test_addresses_are_chips_that_are_typed_pasted_marked_and_removed(portal: Page, watch: Watch) -> None:
    watch.allow(422)
    config.add("token_expiration_emails", "a@example.com", None)
    open_settings(portal)
    row = setting(portal, "token_expiration_emails")
    chips = row.get_by_role("listitem").filter(has=portal.get_by_role("button"))
    entry = portal.get_by_label(EMAILS, exact=True)
    entry.focus()
    portal.keyboard.type("b@example.com;bob@ ")
    expect(chips).to_have_count(3)
    expect(row.locator(".setting-errors")).to_have_text("'bob@' is not an email address.")
    expect(row.get_by_role("button", name="Remove bob@ (invalid)")).to_be_visible()
    expect(row.get_by_text("Not saved yet")).to_be_visible()
    expect(entry).to_have_attribute("aria-invalid", "true")
    found = audit(portal, "a bad chip") + too_wide(portal, "a bad chip")
    portal.keyboard.press("Backspace")  # takes the last one back, to be corrected
    expect(entry).to_have_value("bob@")
    portal.keyboard.type("example.com")
    portal.evaluate("navigator.clipboard.writeText('c@example.com, d@example.com\\nA@example.com')")
    portal.keyboard.press("Enter")
    portal.keyboard.press("ControlOrMeta+V")
    expect(chips).to_have_count(6)
    expect(row.locator(".setting-errors")).to_have_text("'A@example.com' is listed twice.")
    row.get_by_role("button", name="Remove A@example.com (invalid)").click()
    portal.keyboard.type("d@nodot")  # only the server knows that this is none
    save(portal, "token_expiration_emails")
    expect(row.locator(".setting-errors")).to_have_text("'d@nodot' is not an email address.")
    expect(row.get_by_text("Not saved yet")).to_be_visible()
    row.get_by_role("button", name="Remove d@nodot (invalid)").click()
    save(portal, "token_expiration_emails")
    expect(row.locator(".setting-effect")).to_contain_text("5 addresses notified.")
    expect(row.get_by_text("Not saved yet")).to_be_hidden()
    assert config.get("token_expiration_emails") == tuple(f"{name}@example.com" for name in ("a", "b", "bob", "c", "d"))
    assert not found, "\n".join(found)


def test_days_are_saved_with_a_preview_and_reset(portal: Page, administrator: User) -> None:
    open_settings(portal)
    row = setting(portal, "token_expiration_days")
    portal.get_by_label(DAYS, exact=True).focus()
    portal.keyboard.type("30 7")
    save(portal, "token_expiration_days")  # takes what is still in the field
    expect(row.locator(".setting-effect")).to_contain_text("30 and 7 days")
    expect(portal.get_by_role("region", name="Expiration notifications")).to_contain_text("30 and 7 days")
    portal.get_by_label(DAYS, exact=True).focus()
    portal.keyboard.type("1;")
    expect(row.locator(".scan-preview")).to_contain_text("No immediate effect")
    row.get_by_role("link", name=re.compile("Reset")).click()
    dialog(portal, f"Delete {DAYS}").get_by_role("button", name="Delete").click()
    expect(row).to_contain_text("This is the default.")
    expect(row.get_by_role("listitem").filter(has=portal.get_by_role("button"))).to_have_count(0)
    assert config.get("token_expiration_days") == ()


def test_a_switch_is_saved_by_keyboard_and_a_dangerous_one_twice(portal: Page, watch: Watch, administrator: User) -> None:
    watch.allow(409)
    open_settings(portal)
    for key in ("users_may_create_tokens", "duplo_clients"):
        row = setting(portal, key)
        switch = row.get_by_role("switch", name=KEYS[key].label)
        switch.focus()
        portal.keyboard.press("Space")
        expect(row.get_by_text("Not saved yet")).to_be_visible()
        assert config.get(key) is False
        portal.keyboard.press("Tab")
        portal.keyboard.press("Enter")
        if key == "duplo_clients":
            expect(row.get_by_role("alert")).to_contain_text("Save again to confirm.")
            assert config.get(key) is False
            save(portal, key)
        expect(row.get_by_text("Not saved yet")).to_be_hidden()
        expect(switch).to_be_checked()
        assert config.get(key) is True
