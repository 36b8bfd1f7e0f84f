"""The page of System Settings: keys that follow the type, errors beside their field, and what the page says of itself."""

import re

import pytest
from playwright.sync_api import Page, expect

import settings_app.services as config
from portal.core.actors import Actor
from portal.users.models import User
from settings_app.registry import FLAGS, KEYS
from tests.browser.accessibility import audit
from tests.browser.steps import add_config, dialog, navigate, row
from tests.browser.watching import Watch


def open_config(page: Page) -> None:
    navigate(page, "Administrator", "System Settings")
    page.get_by_role("link", name="Add", exact=True).click()
    dialog(page, "Add Config")


def test_the_keys_offered_follow_the_config_type(portal: Page) -> None:
    open_config(portal)
    pane = dialog(portal, "Add Config")
    keys = pane.get_by_label("Key")

    def offered() -> list[str]:
        return keys.locator("option[data-type]:not(:disabled)").all_inner_texts()

    pane.get_by_label("Config Type").select_option("Flags")
    assert offered() == [key.label for key in KEYS.values() if key.type == FLAGS]
    keys.select_option("Users may create their own API tokens")
    expect(pane.get_by_text("true: all users can create tokens")).to_be_visible()
    pane.get_by_label("Config Type").select_option("App Config")
    assert "Enable User Token Expiration Notifications" in offered()
    assert "Users may create their own API tokens" not in offered()
    expect(keys).to_have_value("")  # the flag chosen before is no App Config
    expect(pane.get_by_text("true: all users can create tokens")).to_be_hidden()


@pytest.mark.parametrize("older", ["Enable User Token Notification", "Enable. For Token Notification"])
def test_a_key_is_found_by_its_name_in_older_documents(older: str, portal: Page) -> None:
    navigate(portal, "Administrator", "System Settings")
    add_config(portal, older, "15", shown="Enable User Token Expiration Notifications")
    assert config.get("token_expiration_days") == (15,)


def test_a_key_that_is_set_is_loaded_and_updated(portal: Page, administrator: User) -> None:
    config.add("session_minutes", "60", None)
    open_config(portal)
    pane = dialog(portal, "Add Config")
    key, value = pane.get_by_label("Key"), pane.get_by_label("Value")
    note = pane.get_by_text("This key is already set. Submitting changes its value.")
    pane.get_by_label("Config Type").select_option("App Config")
    expect(note).to_be_hidden()
    key.select_option("Authorization token session duration")
    expect(value).to_have_value("60")
    expect(note).to_be_visible()
    key.select_option("Maximum User Token Lifetime")  # not set: what was loaded goes with its key
    expect(value).to_have_value("")
    expect(note).to_be_hidden()
    value.fill("90")
    key.select_option("Authorization token session duration")  # what was typed stays
    expect(value).to_have_value("90")
    value.press("Enter")
    expect(pane).to_be_hidden()
    assert config.get("session_minutes") == 90


def test_a_conflict_shows_both_values_and_the_person_decides(portal: Page, administrator: User, watch: Watch) -> None:
    watch.allow(409)
    config.add("session_minutes", "60", None)
    navigate(portal, "Administrator", "System Settings")
    label = "Authorization token session duration"
    portal.get_by_role("button", name=f"Actions for {label}").click()
    portal.get_by_role("link", name="Update").click()
    pane = dialog(portal, "Update Config")
    pane.get_by_label("Value").fill("90")
    config.put("session_minutes", "120", None)  # somebody else, meanwhile
    pane.get_by_role("button", name="Submit").click()
    alert = pane.get_by_role("alert")
    expect(alert).to_contain_text(f"{label} is now set to 120.")
    expect(alert.get_by_role("row").last).to_have_text(re.compile(r"Value\s+120\s+90"))
    expect(pane.get_by_label("Value")).to_have_value("90")
    assert audit(portal, "the conflict", "dialog[open]") == []
    pane.get_by_role("button", name="Submit").click()
    expect(pane).to_be_hidden()
    assert config.get("session_minutes") == 90


def test_addresses_are_pasted_one_a_line(portal: Page) -> None:
    open_config(portal)
    pane = dialog(portal, "Add Config")
    pane.get_by_label("Config Type").select_option("App Config")
    pane.get_by_label("Key").select_option("User Token Expiration Notification Emails")
    value = pane.get_by_label("Value")
    value.fill("a@example.com")
    value.press("Enter")
    value.press_sequentially("b@example.com")
    expect(value).to_have_value("a@example.com\nb@example.com")
    pane.get_by_role("button", name="Submit").click()
    expect(pane).to_be_hidden()
    assert config.get("token_expiration_emails") == ("a@example.com", "b@example.com")


def test_an_error_stands_beside_its_field_and_keeps_the_other_values(portal: Page, watch: Watch) -> None:
    watch.allow(422)
    open_config(portal)
    pane = dialog(portal, "Add Config")
    pane.get_by_label("Config Type").select_option("App Config")
    pane.get_by_label("Key").select_option("User Token Expiration Notification Emails")
    pane.get_by_label("Value").fill("anna@example.com;bob@")
    pane.get_by_role("button", name="Submit").click()
    value = pane.get_by_label("Value")
    expect(value).to_have_attribute("aria-invalid", "true")
    expect(value).to_have_accessible_description("'bob@' is not an email address.")
    expect(value).to_be_focused()
    expect(value).to_have_value("anna@example.com;bob@")
    expect(pane.get_by_label("Config Type")).to_have_value("App Config")
    expect(pane.get_by_label("Key").locator("option:checked")).to_have_text("User Token Expiration Notification Emails")
    expect(pane.get_by_label("Key").locator("option[data-type=Flags]:not(:disabled)")).to_have_count(0)
    value.fill("anna@example.com;bob@example.com")
    pane.get_by_role("button", name="Submit").click()
    expect(pane).to_be_hidden()
    assert config.get("token_expiration_emails") == ("anna@example.com", "bob@example.com")


def test_a_key_is_updated_and_deleted_by_its_row_menu_and_the_page_says_what_holds(portal: Page, administrator: User) -> None:
    config.add("token_expiration_days", "15", Actor(administrator))
    navigate(portal, "Administrator", "System Settings")
    label = "Enable User Token Expiration Notifications"
    status = portal.get_by_role("region", name="Expiration notifications")
    expect(status).to_contain_text("15 days")
    portal.get_by_role("button", name=f"Actions for {label}").click()
    portal.get_by_role("link", name="Update").click()
    pane = dialog(portal, "Update Config")
    expect(pane.get_by_label("Key")).to_be_disabled()
    pane.get_by_label("Value").fill("30; 7")
    pane.get_by_role("button", name="Submit").click()
    expect(row(portal, label)).to_contain_text("30;7")
    expect(status).to_contain_text("30 and 7 days")
    expect(portal.get_by_role("button", name=f"Actions for {label}")).to_be_focused()
    portal.get_by_role("button", name=f"Actions for {label}").click()
    portal.get_by_role("link", name="Delete").click()
    dialog(portal, f"Delete {label}").get_by_role("button", name="Delete").click()
    expect(portal.get_by_text("No settings changed; all defaults apply.")).to_be_visible()
