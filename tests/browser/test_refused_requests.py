"""A request that is refused or fails says so in a toast, and what was typed stays."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import dialog
from tests.browser.watching import Watch
from tokens.models import Token


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
