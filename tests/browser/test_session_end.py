"""The end of a session is announced, and does not lose what was typed."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.steps import dialog
from tests.browser.watching import Watch
from tests.factories import PASSWORD
from tokens.models import Token

pytestmark = pytest.mark.field
# As if the page had been open for so many seconds.
LATER = """(seconds) => {
  const now = Date.now;
  Date.now = () => now() + seconds * 1000;
}"""


def test_a_dialog_is_kept_while_its_user_signs_in_again_in_a_new_tab(portal: Page, administrator: User) -> None:
    portal.get_by_role("link", name="Add", exact=True).click()
    pane = dialog(portal, "Add User Token")
    pane.get_by_label("Token Name").fill("deploy")
    bar = portal.locator("#session-bar")
    expect(bar).to_be_hidden()
    portal.evaluate(LATER, 480 * 60 - 200)
    expect(pane.get_by_text("Your session ends in 4 minutes, and your temporary API token with it.")).to_be_visible()
    found = audit(portal, "session bar", "#session-bar") + too_wide(portal, "session bar")
    assert not found, "\n".join(found)
    with portal.context.expect_page() as opened:
        pane.get_by_role("link", name="Sign in again").click()
    tab = opened.value
    tab.get_by_label("Password").fill(PASSWORD)
    found = audit(tab, "sign in again") + too_wide(tab, "sign in again")
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("heading", name="You're signed in")).to_be_visible()
    found += audit(tab, "signed in again")
    assert not found, "\n".join(found)
    tab.close()
    portal.bring_to_front()
    portal.evaluate("dispatchEvent(new Event('focus'))")  # a window without a screen has none of its own
    expect(bar).to_be_hidden()
    pane.get_by_role("button", name="Create", exact=True).click()
    expect(dialog(portal, "Token Created")).to_be_visible()
    assert Token.objects.permanent().get().name == "deploy"


def test_after_the_end_the_page_and_what_was_typed_stay(portal: Page, watch: Watch) -> None:
    watch.allow(403)
    portal.goto(reverse("users:create"))
    portal.get_by_label("Username").fill("robot-7")
    portal.context.clear_cookies()
    portal.evaluate(LATER, 481 * 60)
    expect(portal.get_by_text("Your session has ended. What you entered on this page is still here.")).to_be_visible()
    portal.wait_for_timeout(100)
    expect(portal.get_by_label("Username")).to_have_value("robot-7")
    portal.get_by_role("button", name="Submit").click()
    expect(portal.locator(".typed").filter(has_text="robot-7")).to_be_visible()
