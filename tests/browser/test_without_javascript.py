"""With JavaScript disabled everything still works, as pages instead of panes."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from portal.users.models import User
from tests.browser.steps import accepted, cells, navigate, row
from tests.browser.watching import Watch
from tests.factories import PASSWORD, TokenFactory, UserFactory
from tokens.models import Token


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "java_script_enabled": False}


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def test_one_signs_in_and_out(page: Page, administrator: User) -> None:
    page.goto("/access-control/user-tokens/")
    page.get_by_label("Username or email").fill(administrator.username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(heading(page)).to_have_text("Access Control")
    page.get_by_role("banner").get_by_role("link", name="Profile").click()
    expect(heading(page)).to_have_text("Profile")
    page.goto("/accounts/sign-out/")
    page.get_by_role("main").get_by_role("button", name="Logout").click()
    expect(heading(page)).to_have_text("Sign in")


def test_a_token_is_created_shown_once_and_revoked(portal: Page, administrator: User, watch: Watch) -> None:
    watch.allow(422)
    day = timezone.localdate() + timedelta(days=30)
    portal.get_by_role("link", name="Create Token").click()
    expect(heading(portal)).to_have_text("Create API Token")
    portal.get_by_label("Token Name").fill("plain")
    portal.get_by_label("Expiry Date").fill("yesterday")
    portal.get_by_role("button", name="Create", exact=True).click()
    expect(portal.get_by_text("'yesterday' is not a date")).to_be_visible()
    expect(portal.get_by_label("Token Name")).to_have_value("plain")
    portal.get_by_label("Expiry Date").fill(f"{day:%Y-%m-%d}")
    portal.get_by_role("button", name="Create", exact=True).click()
    expect(heading(portal)).to_have_text("Token Created")
    token = accepted(portal.get_by_label("Token", exact=True).inner_text())
    assert (token.name, token.user) == ("plain", administrator)
    portal.get_by_role("link", name="Close").click()
    assert cells(portal, "plain")["STATUS"] == "Active"

    portal.get_by_role("link", name="Revoke plain").click()
    expect(portal.get_by_role("main")).to_contain_text("Revoke plain")
    portal.get_by_role("button", name="Revoke").click()
    expect(portal.get_by_text("Revoked plain.")).to_be_visible()
    assert cells(portal, "plain")["STATUS"] == "Revoked"


def test_the_temporary_token_can_be_read(portal: Page) -> None:
    portal.get_by_role("button", name="Show the temporary API token").click()
    assert accepted(portal.get_by_role("main").locator("code").inner_text()).kind == Token.Kind.TEMPORARY


def test_lists_are_searched_filtered_sorted_and_paged(portal: Page) -> None:
    TokenFactory.create_batch(11, user=UserFactory(username="bob@example.com"))
    TokenFactory(name="needle")
    navigate(portal, "AI Admin", "Access Control")
    portal.get_by_label("Show").select_option("10")
    portal.get_by_role("button", name="Search").click()
    portal.get_by_role("link", name="Next page").click()
    expect(portal.locator("#results tbody tr")).to_have_count(2)
    portal.get_by_role("columnheader", name="Token Name").get_by_role("link").click()
    expect(portal.locator("#results tbody tr")).to_have_count(10)
    expect(row(portal, "needle")).to_be_visible()
    portal.get_by_label("Search", exact=True).first.fill("needle")
    portal.get_by_label("Status").select_option("active")
    portal.get_by_role("button", name="Search").click()
    expect(portal.locator("#results tbody tr")).to_have_count(1)


def test_several_tokens_are_revoked_after_a_page_that_says_how_many(portal: Page) -> None:
    for name in ("one", "two", "three"):
        TokenFactory(name=name)
    navigate(portal, "AI Admin", "Access Control")
    portal.get_by_label("Select one").check()
    portal.get_by_label("Select two").check()
    portal.get_by_role("button", name="Revoke selected").click()
    expect(heading(portal)).to_have_text("Revoke 2 tokens")
    portal.get_by_role("button", name="Revoke 2 tokens").click()
    expect(portal.get_by_text("2 tokens revoked.")).to_be_visible()
    assert {cells(portal, name)["STATUS"] for name in ("one", "two")} == {"Revoked"}
    assert cells(portal, "three")["STATUS"] == "Active"


def test_config_and_users_are_added(portal: Page, watch: Watch) -> None:
    watch.allow(422)
    navigate(portal, "Administrator", "System Settings")
    portal.get_by_role("link", name="Add", exact=True).click()
    portal.get_by_label("Config Type").select_option("App Config")
    portal.get_by_label("Key*", exact=True).select_option("Authorization token session duration")
    portal.get_by_label("Value").fill("4")
    portal.get_by_role("button", name="Submit").click()
    expect(portal.get_by_text("'4' is not a whole number of minutes")).to_be_visible()
    portal.get_by_label("Value").fill("60")
    portal.get_by_role("button", name="Submit").click()
    assert cells(portal, "Authorization token session duration")["VALUE"] == "60"

    navigate(portal, "Administrator", "Users")
    portal.get_by_role("link", name="Add", exact=True).click()
    portal.get_by_label("Username").fill("github-actions")
    portal.get_by_role("button", name="Submit").click()
    expect(row(portal, "github-actions")).to_contain_text("Service account")


def test_a_form_whose_session_has_ended_is_sent_again_after_signing_in_in_another_tab(
    portal: Page, administrator: User, watch: Watch
) -> None:
    watch.allow(403)
    navigate(portal, "Administrator", "Users")
    portal.get_by_role("link", name="Add", exact=True).click()
    portal.get_by_label("Username").fill("carla@example.com")
    portal.get_by_label("Display name").fill("Carla Fernandez")
    portal.context.clear_cookies(name="portal_session")
    portal.get_by_role("button", name="Submit").click()
    expect(heading(portal)).to_have_text("Your session has ended")
    expect(portal.get_by_text("Carla Fernandez")).to_be_visible()
    with portal.context.expect_page() as opened:
        portal.get_by_role("link", name="Sign in in a new tab").click()
    tab = opened.value
    tab.get_by_label("Username or email").fill(administrator.username)
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("button", name="Sign in")).to_have_count(0)  # else the tab could be closed before it is signed in
    tab.wait_for_load_state()
    tab.close()
    portal.get_by_role("button", name="Send again").click()
    expect(heading(portal)).to_have_text("This form has expired")
    portal.get_by_role("button", name="Send again").click()
    expect(row(portal, "carla@example.com")).to_contain_text("Carla Fernandez")
