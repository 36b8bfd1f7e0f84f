"""Forms in panes and windows: config, users, confirmations, and what happens when a request is refused."""

import pytest
from playwright.sync_api import Page, expect

import settings_app.services as config
from portal.faults.models import Fault
from portal.users.models import User
from tests.browser.steps import cells, dialog, navigate, row
from tests.browser.watching import Watch
from tests.factories import FaultFactory, TokenFactory, UserFactory
from tokens.models import Token


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
    assert offered() == ["Users may create their own API tokens"]
    keys.select_option("Users may create their own API tokens")
    expect(pane.get_by_text("true: everybody can add tokens")).to_be_visible()
    pane.get_by_label("Config Type").select_option("App Config")
    assert "Enable User Token Expiration Notifications" in offered()
    assert "Users may create their own API tokens" not in offered()
    expect(keys).to_have_value("")  # the flag chosen before is no App Config
    expect(pane.get_by_text("true: everybody can add tokens")).to_be_hidden()


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
    assert pane.get_by_label("Key").locator("option[data-type=Flags]:not(:disabled)").count() == 0
    value.fill("anna@example.com;bob@example.com")
    pane.get_by_role("button", name="Submit").click()
    expect(pane).to_be_hidden()
    assert config.get("token_expiration_emails") == ("anna@example.com", "bob@example.com")


def test_a_key_is_updated_and_deleted_by_its_row_menu_and_the_page_says_what_holds(portal: Page, administrator: User) -> None:
    config.add("token_expiration_days", "15", administrator)
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
    dialog(portal, "Delete config").get_by_role("button", name="Delete").click()
    expect(portal.get_by_text("Nothing is set: every key has its default.")).to_be_visible()


def test_an_expired_form_says_so_in_a_toast_and_keeps_what_was_typed(portal: Page, watch: Watch) -> None:
    watch.allow(403)
    portal.get_by_role("link", name="Create Token").click()
    modal = dialog(portal, "Create API Token")
    modal.get_by_label("Token Name").fill("typed with care")
    cookie = next(each for each in portal.context.cookies() if each["name"] == "portal_csrf")
    portal.context.add_cookies([{**cookie, "value": "x" * 32}])
    modal.get_by_role("button", name="Create", exact=True).click()
    expect(portal.get_by_role("alert")).to_contain_text("too old")
    expect(modal.get_by_label("Token Name")).to_have_value("typed with care")
    expect(modal.get_by_role("button", name="Create", exact=True)).to_be_enabled()
    assert not Token.objects.permanent().exists()


@pytest.mark.parametrize("answer", ["abort", "500"])
def test_a_request_that_fails_says_so_and_keeps_what_was_typed(portal: Page, watch: Watch, answer: str) -> None:
    watch.allow(500)
    watch.allow_text("ERR_FAILED", "htmx:afterRequest", "htmx:sendError")
    portal.get_by_role("link", name="Create Token").click()
    modal = dialog(portal, "Create API Token")
    modal.get_by_label("Token Name").fill("typed with care")
    portal.route("**/profile/tokens/create/", lambda route: route.abort() if answer == "abort" else route.fulfill(status=500))
    modal.get_by_role("button", name="Create", exact=True).click()
    expect(portal.get_by_role("alert")).to_contain_text("cannot be reached" if answer == "abort" else "went wrong")
    expect(modal.get_by_label("Token Name")).to_have_value("typed with care")
    portal.unroute("**/profile/tokens/create/")
    modal.get_by_role("button", name="Create", exact=True).click()
    expect(portal.get_by_role("dialog", name="Token Created")).to_be_visible()


def test_several_tokens_are_revoked_after_a_window_that_says_how_many(portal: Page, administrator: User) -> None:
    for name in ("one", "two", "three"):
        TokenFactory(name=name)
    navigate(portal, "AI Admin", "Access Control")
    button = portal.get_by_role("button", name="Revoke selected")
    expect(button).to_be_disabled()
    portal.get_by_label("Select one").check()
    portal.get_by_label("Select two").check()
    expect(button).to_contain_text("2")
    button.click()
    window = dialog(portal, "Revoke 2 tokens")
    expect(window.get_by_role("listitem")).to_have_count(2)
    window.get_by_role("link", name="Cancel").click()
    expect(window).to_be_hidden()
    assert not Token.objects.exclude(revoked_at=None).exists()
    button.click()
    window.get_by_role("button", name="Revoke 2 tokens").click()
    expect(portal.get_by_role("status").filter(has_text="2 tokens revoked.")).to_be_visible()
    expect(row(portal, "one")).to_contain_text("Revoked")
    assert cells(portal, "two")["STATUS"] == "Revoked"
    assert cells(portal, "three")["STATUS"] == "Active"
    expect(button).to_be_disabled()


def open_action(page: Page, username: str, entry: str) -> None:
    navigate(page, "Administrator", "Users")
    page.get_by_role("link", name=username, exact=True).click()
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name=entry, exact=True).click()


def test_a_user_is_deleted_only_after_the_name_was_typed(portal: Page) -> None:
    UserFactory(username="bob@example.com")
    open_action(portal, "bob@example.com", "Delete")
    window = dialog(portal, "Delete user")
    button = window.get_by_role("button", name="Delete")
    expect(button).to_be_disabled()
    window.get_by_role("textbox").fill("bob@example")
    expect(button).to_be_disabled()
    window.get_by_role("textbox").fill("bob@example.com")
    button.click()
    expect(portal.get_by_text("bob@example.com is deleted.")).to_be_visible()
    expect(portal.get_by_role("heading", level=1)).to_have_text("Users")
    expect(row(portal, "bob@example.com")).to_have_count(0)


def test_a_user_is_created_updated_and_deactivated_and_the_focus_comes_back(portal: Page) -> None:
    navigate(portal, "Administrator", "Users")
    portal.get_by_role("link", name="Add", exact=True).click()
    pane = dialog(portal, "Create User")
    pane.get_by_label("Username").fill("carla@example.com")
    pane.get_by_label("Role").select_option("Operator")
    pane.get_by_role("button", name="Submit").click()
    expect(portal.get_by_role("status").filter(has_text="An invitation is on its way to carla@example.com")).to_be_visible()
    expect(row(portal, "carla@example.com")).to_contain_text("Operator")
    expect(portal.get_by_role("link", name="Add", exact=True)).to_be_focused()

    open_action(portal, "carla@example.com", "Update")
    pane = dialog(portal, "Update User")
    pane.get_by_label("Display name").fill("Carla Fernandez")
    pane.get_by_role("button", name="Submit").click()
    expect(portal.get_by_role("heading", name="Carla Fernandez")).to_be_visible()
    actions = portal.get_by_role("button", name="Actions", exact=True)
    expect(actions).to_be_focused()
    actions.click()
    portal.get_by_role("link", name="Deactivate").click()
    dialog(portal, "Deactivate user").get_by_role("button", name="Deactivate").click()
    expect(portal.locator("#user-header")).to_contain_text("Inactive")


def test_a_rule_that_is_broken_is_told_in_a_toast(portal: Page, administrator: User) -> None:
    open_action(portal, administrator.username, "Deactivate")
    dialog(portal, "Deactivate user").get_by_role("button", name="Deactivate").click()
    expect(portal.get_by_role("alert")).to_contain_text("You cannot deactivate yourself.")
    administrator.refresh_from_db()
    assert administrator.is_active


def test_a_fault_opens_is_acknowledged_and_the_bell_counts(portal: Page) -> None:
    FaultFactory(resource="first")
    FaultFactory(resource="second")
    navigate(portal, "Administrator", "Faults")
    expect(portal.get_by_role("link", name="Faults: 2 open")).to_be_visible()
    portal.get_by_label("Details of first").click()
    portal.get_by_role("button", name="Acknowledge").click()
    expect(row(portal, "first")).to_contain_text("Acknowledged")
    expect(portal.get_by_role("status").filter(has_text="Acknowledged")).to_be_visible()
    assert Fault.objects.get(resource="first").acknowledged_by is not None
    assert Fault.objects.get(resource="second").acknowledged_by is None
