"""The platform's three documents about API tokens, step by step: what a reader clicks, and what is then there."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from portal.faults.models import Fault
from portal.users.models import User
from tests.browser.steps import (
    accepted,
    add_config,
    cells,
    click_tab,
    clipboard,
    copy_from_window,
    create_token,
    dialog,
    navigate,
    open_profile,
    open_user_menu,
    row,
)
from tests.browser.watching import Visit
from tests.factories import TokenFactory, UserFactory
from tests.tokens.scans import deliver
from tokens.expiry.scan import scan
from tokens.models import Token

FAULT_DAYS = "Enable User Token Expiration Notifications"
EMAILS = "User Token Expiration Notification Emails"


@pytest.fixture
def portal(visit: Visit, administrator: User) -> Page:
    """As a reader sees it who has just signed in: the documents' steps begin there."""
    return visit(administrator)


@pytest.fixture
def bob(transactional_db: None) -> User:
    return UserFactory(username="bob@example.com", display_name="Bob Miller")


def test_a_temporary_token_is_retrieved_as_the_current_document_says(portal: Page, administrator: User) -> None:
    for _ in ("steps 1 and 2", "steps 3 and 4, which say the same once more"):
        open_profile(portal)
        area = portal.get_by_text("Temporary API Token", exact=True).locator("xpath=following-sibling::dd[1]")
        area.get_by_role("button", name="Copy").click()
        expect(portal.get_by_role("status").filter(has_text="copied")).to_be_visible()
    token = accepted(clipboard(portal))
    assert (token.kind, token.user) == (Token.Kind.TEMPORARY, administrator)


def test_a_temporary_token_is_retrieved_as_the_fork_says_by_any_user(visit: Visit, bob: User) -> None:
    page = visit(bob)
    open_user_menu(page).get_by_role("link", name="Profile").click()
    expect(page.get_by_text("Permanent API Token")).to_be_hidden()
    page.get_by_role("button", name="Copy the temporary API token").click()
    expect(page.get_by_role("status").filter(has_text="copied")).to_be_visible()
    assert accepted(clipboard(page)).user == bob


def test_a_permanent_token_is_created_from_the_users_page(portal: Page, bob: User) -> None:
    """The same steps stand in all three documents: "Select the user", "Click the Username", "Click the username in the list"."""
    navigate(portal, "Administrator", "Users")
    row(portal, "bob@example.com").get_by_role("link", name="bob@example.com").click()
    expect(portal.get_by_role("heading", name="Bob Miller")).to_be_visible()
    click_tab(portal, "Tokens")
    portal.get_by_role("link", name="Add", exact=True).click()
    pane = dialog(portal, "Create a new token")
    pane.get_by_label("Token Name").fill("github-actions-token")
    pane.get_by_role("button", name="Create", exact=True).click()

    token = accepted(copy_from_window(portal))
    assert (token.name, token.user, token.kind) == ("github-actions-token", bob, Token.Kind.PERMANENT)
    portal.get_by_role("dialog").get_by_role("link", name="Close").click()
    expect(portal.get_by_role("dialog")).to_be_hidden()
    values = cells(portal, "github-actions-token")
    assert values["TOKEN NAME"] == "github-actions-token"
    assert values["TOKEN"] == f"tpp_…{token.last_four}"
    assert values["EXPIRATION DATE"] == f"{token.last_moment:%b} {token.last_moment.day}, {token.last_moment.year}"
    assert values["STATUS"] == "Active"
    assert timedelta(days=364) < token.expires_at - timezone.now() <= timedelta(days=367)


def test_a_permanent_token_is_created_from_the_profile_page(portal: Page, administrator: User) -> None:
    open_profile(portal)
    area = portal.get_by_text("Permanent API Token", exact=True).locator("xpath=following-sibling::dd[1]")
    area.get_by_role("link", name="Add").click()
    pane = dialog(portal, "Add User Token")
    expect(pane.get_by_label("Expiry Date")).to_have_count(0)
    expect(pane.get_by_role("link", name="Cancel")).to_be_visible()
    pane.get_by_label("Token Name").fill("deployment-cli-token")
    pane.get_by_role("button", name="Create", exact=True).click()
    token = accepted(copy_from_window(portal))
    assert (token.name, token.user) == ("deployment-cli-token", administrator)


def test_a_lost_token_is_no_harm_since_another_can_be_made(portal: Page) -> None:
    open_profile(portal)
    lost = create_token(portal, "Add", "first")
    portal.get_by_role("dialog").get_by_role("link", name="Close").click()
    assert accepted(create_token(portal, "Add", "second")) != accepted(lost)


def test_a_fault_is_generated_and_a_mail_sent_when_a_token_nears_expiration(portal: Page, bob: User) -> None:
    """ "Generating a Fault ..." and "Sending Automatic Notifications ..." of all three documents, then what they promise."""
    now = timezone.now()
    due = TokenFactory(user=bob, name="ends-soon", expires_at=now + timedelta(days=14, hours=1))
    TokenFactory(user=bob, name="ends-later", expires_at=now + timedelta(days=17))
    navigate(portal, "Administrator", "System Settings")
    add_config(portal, FAULT_DAYS, "15")
    navigate(portal, "Administrator", "System Settings")
    add_config(portal, EMAILS, "user1@example.net;user2@example.net")
    assert not Fault.objects.exists()

    scan(now, "schedule")  # what beat has the worker do
    navigate(portal, "Administrator", "Faults")
    fault = row(portal, f"ends-soon (tpp_…{due.last_four})")
    expect(fault).to_contain_text("bob@example.com")
    expect(fault).to_contain_text("Open")
    expect(row(portal, "ends-later")).to_have_count(0)
    expect(portal.get_by_role("button", name="Faults: 1 open")).to_be_visible()
    mails = deliver(now)
    assert {mail.to for mail in mails} == {"user1@example.net", "user2@example.net"}
    for mail in mails:
        assert "ends-soon" in mail.text
        assert "ends-later" not in mail.text


def test_the_older_documents_name_for_the_key_is_found_in_its_help(portal: Page) -> None:
    """It says *Enable User Token Notification*; the option has the current name."""
    navigate(portal, "Administrator", "System Settings")
    portal.get_by_role("link", name="Add", exact=True).click()
    pane = dialog(portal, "Add Config")
    pane.get_by_label("Config Type").select_option("App Config")
    pane.get_by_label("Key").select_option(FAULT_DAYS)
    expect(pane.get_by_text("Older documents call this key Enable User Token Notification")).to_be_visible()
