"""A request that is refused or fails says so in a toast, and what was typed stays."""

import pytest
from playwright.sync_api import Locator, Page, expect

from portal.users.models import User
from tests.browser.steps import dialog
from tests.browser.watching import Watch
from tests.factories import PASSWORD
from tokens.models import Token


def typed_form(page: Page) -> Locator:
    page.get_by_role("link", name="Create Token").click()
    modal = dialog(page, "Create API Token")
    modal.get_by_label("Token Name").fill("typed with care")
    return modal


def sign_in_again(page: Page, user: User) -> None:
    """In another tab of the same browser."""
    tab = page.context.new_page()
    tab.goto("/accounts/sign-in/")
    tab.get_by_label("Username or email").fill(user.username)
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("button", name="User menu")).to_be_visible()
    tab.close()


def test_an_expired_form_is_renewed_in_its_place_and_keeps_what_was_typed(portal: Page, watch: Watch) -> None:
    watch.allow(403)
    modal = typed_form(portal)
    cookie = next(each for each in portal.context.cookies() if each["name"] == "portal_csrf")
    portal.context.add_cookies([{**cookie, "value": "x" * 32}])
    modal.get_by_role("button", name="Create", exact=True).click()
    expect(portal.get_by_role("alert")).to_contain_text("This form had expired")
    expect(modal.get_by_label("Token Name")).to_have_value("typed with care")
    assert not Token.objects.permanent().exists()
    modal.get_by_role("button", name="Create", exact=True).click()
    expect(portal.get_by_role("dialog", name="Token Created")).to_be_visible()
    # Everything else on the page has the new CSRF token too.
    portal.get_by_role("dialog").get_by_role("button", name="Copy", exact=True).click()
    portal.get_by_role("dialog").get_by_role("link", name="Close").click()
    portal.get_by_role("button", name="Show the temporary API token").click()
    expect(portal.locator("[data-token-text]").first).to_contain_text("tpt_")


def test_a_dialog_whose_session_has_ended_shows_the_way_to_sign_in_and_keeps_its_form(
    portal: Page, administrator: User, watch: Watch
) -> None:
    watch.allow(401, 403)
    modal = typed_form(portal)
    portal.context.clear_cookies(name="portal_session")
    create = modal.get_by_role("button", name="Create", exact=True)
    create.click()
    note = portal.get_by_role("alert").filter(has_text="Your session has ended.")
    expect(note.get_by_role("link", name="Sign in in a new tab")).to_have_attribute("target", "_blank")
    create.click()
    expect(note).to_have_count(1)
    expect(modal.get_by_label("Token Name")).to_have_value("typed with care")
    sign_in_again(portal, administrator)
    create.click()
    expect(portal.get_by_role("alert").filter(has_text="This form had expired")).to_be_visible()
    create.click()
    expect(portal.get_by_role("dialog", name="Token Created")).to_be_visible()
    assert Token.objects.permanent().get().name == "typed with care"


def test_without_a_dialog_an_ended_session_leads_to_sign_in_and_back(portal: Page, administrator: User, watch: Watch) -> None:
    watch.allow(401)
    portal.context.clear_cookies(name="portal_session")
    portal.get_by_role("link", name="Create Token").click()
    expect(portal.get_by_role("heading", level=1)).to_have_text("Sign in")
    portal.get_by_label("Username or email").fill(administrator.username)
    portal.get_by_label("Password", exact=True).fill(PASSWORD)
    portal.get_by_role("button", name="Sign in").click()
    expect(portal.get_by_role("heading", level=1)).to_have_text("Profile")


@pytest.mark.parametrize("answer", ["abort", "500"])
def test_a_request_that_fails_says_so_and_keeps_what_was_typed(portal: Page, watch: Watch, answer: str) -> None:
    watch.allow(500)
    watch.allow_text("ERR_FAILED", "htmx:afterRequest", "htmx:sendError")
    portal.get_by_role("link", name="Create Token").click()
    modal = dialog(portal, "Create API Token")
    modal.get_by_label("Token Name").fill("typed with care")
    portal.route("**/profile/tokens/create/", lambda route: route.abort() if answer == "abort" else route.fulfill(status=500))
    modal.get_by_role("button", name="Create", exact=True).click()
    expect(portal.get_by_role("alert")).to_contain_text("can't be reached" if answer == "abort" else "went wrong")
    expect(modal.get_by_label("Token Name")).to_have_value("typed with care")
    portal.unroute("**/profile/tokens/create/")
    modal.get_by_role("button", name="Create", exact=True).click()
    expect(portal.get_by_role("dialog", name="Token Created")).to_be_visible()
