"""What rows, users and faults can have done to them, with the confirmations before it."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from portal.faults.models import Fault
from portal.users import services as users
from portal.users.models import User
from tests.browser.accessibility import audit
from tests.browser.steps import cells, clipboard, dialog, navigate, row
from tests.factories import FaultFactory, TokenFactory, UserFactory
from tokens.models import Token


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
    window = dialog(portal, "Delete bob@example.com")
    button = window.get_by_role("button", name="Delete")
    expect(button).to_be_disabled()
    window.get_by_role("textbox").fill("bob@example")
    expect(button).to_be_disabled()
    window.get_by_role("textbox").fill("bob@example.com")
    button.click()
    expect(portal.get_by_text("Deleted bob@example.com.")).to_be_visible()
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
    pane = dialog(portal, "Update carla@example.com")
    pane.get_by_label("Display name").fill("Carla Fernandez")
    pane.get_by_role("button", name="Submit").click()
    expect(portal.get_by_role("heading", name="Carla Fernandez")).to_be_visible()
    actions = portal.get_by_role("button", name="Actions", exact=True)
    expect(actions).to_be_focused()
    actions.click()
    portal.get_by_role("link", name="Deactivate").click()
    dialog(portal, "Deactivate carla@example.com").get_by_role("button", name="Deactivate").click()
    expect(portal.locator("#user-header")).to_contain_text("Inactive")


@pytest.mark.field
def test_a_rule_that_is_broken_is_told_in_a_toast(portal: Page) -> None:
    bob = UserFactory(username="bob@example.com")
    open_action(portal, bob.username, "Deactivate")
    users.deactivate(bob, None)
    dialog(portal, "Deactivate bob@example.com").get_by_role("button", name="Deactivate").click()
    expect(portal.get_by_role("alert")).to_contain_text("bob@example.com has already been deactivated.")


@pytest.mark.field
def test_an_invitation_link_is_created_and_copied(portal: Page) -> None:
    users.create("carol@example.com", "Carol", "user", None)
    open_action(portal, "carol@example.com", "Copy invitation link")
    window = dialog(portal, "Invitation link for carol@example.com")
    assert audit(portal, "the question", "dialog[open]") == []
    window.get_by_role("button", name="Create link").click()
    window.get_by_role("button", name="Copy").click()
    link = clipboard(portal)
    assert link == window.locator("#invitation-link").inner_text()
    assert audit(portal, "the link", "dialog[open]") == []
    portal.goto(urlsplit(link).path)
    expect(portal.get_by_role("heading", level=1)).to_have_text("Set your password")


def test_a_fault_opens_is_acknowledged_and_the_bell_counts(portal: Page) -> None:
    FaultFactory(resource="first")
    FaultFactory(resource="second")
    navigate(portal, "Administrator", "Faults")
    expect(portal.get_by_role("button", name="Faults: 2 open")).to_be_visible()
    portal.get_by_label("Details of first").click()
    portal.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(row(portal, "first")).to_contain_text("Acknowledged")
    expect(portal.get_by_role("status").filter(has_text="Acknowledged")).to_be_visible()
    assert Fault.objects.get(resource="first").acknowledged_by is not None
    assert Fault.objects.get(resource="second").acknowledged_by is None
