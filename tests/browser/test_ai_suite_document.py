"""The AI Suite's document *User Tokens*, step by step, in the words of both its variants."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from portal.users.models import User
from tests.browser.steps import accepted, cells, click_tab, copy_from_window, dialog, navigate, open_profile, open_user_menu, row, table
from tests.browser.watching import Visit, Watch
from tests.factories import TokenFactory

COLUMNS = ["TOKEN NAME", "TOKEN", "USER", "CREATED", "LAST USED", "EXPIRES", "STATUS"]


@pytest.fixture
def portal(visit: Visit, administrator: User) -> Page:
    """As a reader sees it who has just signed in: the documents' steps begin there."""
    return visit(administrator)


def test_a_token_is_created_as_the_eight_steps_say(portal: Page, administrator: User) -> None:
    TokenFactory(user=administrator, name="older-token")
    day = timezone.localdate() + timedelta(days=140)
    # Step 1: AI Admin -> Access Control, tab User Tokens
    navigate(portal, "AI Admin", "Access Control")
    click_tab(portal, "User Tokens")
    expect(row(portal, "older-token")).to_be_visible()
    heads = [head.strip().upper() for head in table(portal).get_by_role("columnheader").all_inner_texts()]
    assert [head for head in heads if head in COLUMNS] == COLUMNS
    # Steps 2 and 3: the profile icon shows name and role; Profile
    menu = open_user_menu(portal)
    expect(menu).to_contain_text("Anna Berg")
    expect(menu).to_contain_text("Administrator")
    menu.get_by_role("link", name="Profile").click()
    expect(portal.get_by_role("region", name="User Info")).to_contain_text("anna@example.com")
    # Step 4: Create Token, in the section API Tokens
    portal.get_by_role("region", name="API Tokens").get_by_role("link", name="Create Token").click()
    modal = dialog(portal, "Create API Token")
    # Steps 5 to 7: a name, a date in the format YYYY-MM-DD, Create
    modal.get_by_label("Token Name").click()
    portal.keyboard.type("QA-Test-Token")
    modal.get_by_label("Expiry Date").click()
    portal.keyboard.type(f"{day:%Y-%m-%d}")
    modal.get_by_role("button", name="Create", exact=True).click()
    # Step 8: the token is shown once; Copy, then Close
    token = accepted(copy_from_window(portal))
    portal.get_by_role("dialog").get_by_role("link", name="Close").click()
    expect(portal.get_by_role("dialog")).to_be_hidden()
    assert (token.name, token.user, timezone.localtime(token.last_moment).date()) == ("QA-Test-Token", administrator, day)
    assert (
        cells(portal, "QA-Test-Token").items()
        >= {
            "NAME": "QA-Test-Token",
            "TOKEN": f"tpp_…{token.last_four}",
            "CREATED": f"{timezone.localdate():%b} {timezone.localdate().day}, {timezone.localdate().year}",
            "LAST USED": "—",
            "EXPIRES": f"{day:%b} {day.day}, {day.year}",
            "STATUS": "Active",
        }.items()
    )
    expect(portal.get_by_role("link", name="Revoke QA-Test-Token")).to_be_visible()


def test_an_expiry_date_that_is_not_later_than_today_is_rejected(portal: Page, watch: Watch) -> None:
    """ "Important: The expiry date must be greater than today's date or the form will reject it." """
    watch.allow(422)
    open_profile(portal)
    portal.get_by_role("link", name="Create Token").click()
    modal = dialog(portal, "Create API Token")
    modal.get_by_label("Token Name").fill("QA-Test-Token")
    for day in (timezone.localdate(), timezone.localdate() - timedelta(days=1)):
        modal.get_by_label("Expiry Date").fill(f"{day:%Y-%m-%d}")
        modal.get_by_role("button", name="Create", exact=True).click()
        expect(modal.locator(".invalid-feedback")).to_contain_text("later than today")
        expect(modal.get_by_label("Token Name")).to_have_value("QA-Test-Token")
        expect(modal.get_by_label("Expiry Date")).to_have_value(f"{day:%Y-%m-%d}")
        modal.get_by_label("Expiry Date").fill("")
