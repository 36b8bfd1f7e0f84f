"""Without a mouse: the focus goes into what opens, stays there, and comes back to what opened it."""

import pytest
from playwright.sync_api import Locator, Page, expect

from portal.users.models import User
from tests.browser.steps import dialog, navigate
from tests.factories import TokenFactory

FOCUS_IS_INSIDE = "dialog => dialog.contains(document.activeElement)"


def stays_inside(page: Page, opened: Locator) -> None:
    """Tab and Shift+Tab never reach the page behind. The browser's own controls have their turn: the focus is then on <body>."""
    reached = set()
    for key in ["Tab"] * 8 + ["Shift+Tab"] * 8:
        page.keyboard.press(key)
        where = opened.evaluate("dialog => dialog.contains(document.activeElement) || document.activeElement.tagName")
        assert where in (True, "BODY"), f"the focus went to {where}"
        if where is True:
            reached.add(opened.evaluate("dialog => document.activeElement.textContent.trim() || document.activeElement.id"))
    assert len(reached) >= 3, f"Tab reaches only {reached}"


@pytest.mark.parametrize(("opener", "title"), [("Add", "Add User Token"), ("Create Token", "Create API Token")])
def test_a_pane_and_a_window_take_keep_and_give_back_the_focus(portal: Page, opener: str, title: str) -> None:
    link = portal.get_by_role("link", name=opener, exact=True)
    link.focus()
    portal.keyboard.press("Enter")
    opened = dialog(portal, title)
    expect(opened.get_by_label("Token Name")).to_be_focused()
    stays_inside(portal, opened)
    portal.keyboard.press("Escape")
    expect(opened).to_be_hidden()
    expect(link).to_be_focused()


def test_a_dialog_takes_input_from_the_moment_it_is_visible(portal: Page) -> None:
    """However fast somebody types, or however slow the machine is: a form that htmx had not bound yet would be sent as a page."""
    portal.evaluate("""() => document.addEventListener("htmx:afterSwap", ({ detail }) => setTimeout(() => {
        const form = detail.target.querySelector("form");
        if (!form) return;
        form.querySelector("[name=name]").value = "at-once";
        form.requestSubmit();
    }), { once: true })""")
    portal.get_by_role("link", name="Create Token").click()
    expect(dialog(portal, "Token Created")).to_be_visible()


def test_a_token_is_made_and_revoked_by_the_keyboard_alone(portal: Page) -> None:
    portal.get_by_role("link", name="Create Token").focus()
    portal.keyboard.press("Enter")
    expect(dialog(portal, "Create API Token").get_by_label("Token Name")).to_be_focused()
    portal.keyboard.type("by-hand")
    portal.keyboard.press("Enter")
    window = dialog(portal, "Token Created")
    expect(window.get_by_role("button", name="Copy", exact=True)).to_be_focused()
    portal.keyboard.press("Enter")
    expect(window.get_by_role("button", name="Copied")).to_be_focused()
    portal.keyboard.press("Escape")
    expect(window).to_be_hidden()
    expect(portal.get_by_role("link", name="Create Token")).to_be_focused()

    portal.get_by_role("link", name="Revoke by-hand").focus()
    portal.keyboard.press("Enter")
    asked = dialog(portal, "Revoke by-hand")
    assert asked.evaluate(FOCUS_IS_INSIDE)
    expect(asked.get_by_role("link", name="Cancel")).to_be_focused()
    portal.keyboard.press("Tab")
    portal.keyboard.press("Enter")
    expect(asked).to_be_hidden()
    expect(portal.locator("#results")).to_contain_text("Revoked")


@pytest.mark.field
def test_a_row_menu_opens_moves_and_closes_by_keys_and_its_window_gives_the_focus_back_to_it(portal: Page, administrator: User) -> None:
    TokenFactory(user=administrator, name="nightly")
    navigate(portal, "AI Admin", "Access Control")
    menu = portal.get_by_role("button", name="Actions for nightly")
    menu.focus()
    portal.keyboard.press("Enter")
    portal.keyboard.press("ArrowDown")
    expect(portal.get_by_role("link", name="Revoke", exact=True)).to_be_focused()
    portal.keyboard.press("Enter")
    opened = dialog(portal, "Revoke nightly")
    expect(opened).to_contain_text("nightly")
    portal.keyboard.press("Escape")
    expect(opened).to_be_hidden()
    expect(menu).to_be_focused()


def test_the_first_tab_leads_past_the_navigation_and_every_stop_can_be_seen(portal: Page) -> None:
    portal.keyboard.press("Tab")
    skip = portal.get_by_role("link", name="Skip to main content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    portal.keyboard.press("Enter")
    portal.keyboard.press("Tab")
    assert portal.evaluate("document.getElementById('main').contains(document.activeElement)")
    for _ in range(6):
        ring = portal.evaluate(
            "(() => { const style = getComputedStyle(document.activeElement);"
            " return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none'; })()"
        )
        assert ring, f"no ring around {portal.evaluate('document.activeElement.outerHTML')}"
        portal.keyboard.press("Tab")
