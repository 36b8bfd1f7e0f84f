"""The window with the new token: it stays until the token is safe, and once it is closed nothing brings the token back."""

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser.steps import accepted, clipboard, create_token, dialog, navigate, open_profile, row
from tests.browser.watching import Watch
from tokens.models import Token


def create(page: Page, name: str = "deploy") -> str:
    """Creates a token and leaves its window open. Returns the text that it shows."""
    page.get_by_role("link", name="Create Token").click()
    dialog(page, "Create API Token").get_by_label("Token Name").fill(name)
    page.get_by_role("button", name="Create", exact=True).click()
    return dialog(page, "Token Created").get_by_label("Token", exact=True).inner_text()


def close(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("link", name="Close").click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_token_that_was_not_copied_survives_escape_and_a_click_outside(portal: Page) -> None:
    text = create(portal)
    window = dialog(portal, "Token Created")
    expect(row(portal, "deploy")).to_contain_text("Active")  # the row is in the table behind already
    for _ in range(3):
        portal.keyboard.press("Escape")
        portal.mouse.click(5, 400)
        expect(window.get_by_label("Token", exact=True)).to_have_text(text)
    accepted(text)
    window.get_by_role("button", name="Copy", exact=True).click()
    expect(window.get_by_role("button", name="Copied")).to_be_visible()
    assert clipboard(portal) == text
    portal.keyboard.press("Escape")
    expect(window).to_be_hidden()


def test_close_empties_the_window(portal: Page) -> None:
    text = create(portal)
    close(portal)
    expect(portal.locator("#window")).to_be_empty()  # a dialog tells that it was closed a moment after it is gone
    assert portal.locator("#window").inner_html() == ""
    assert text not in portal.content()


@pytest.mark.parametrize("closing", [True, False], ids=["after closing the window", "with the window open"])
def test_neither_reload_nor_back_nor_forward_makes_a_second_token_or_shows_the_first_again(portal: Page, closing: bool) -> None:
    navigate(portal, "Administrator", "Faults")
    open_profile(portal)
    text = create(portal)
    if closing:
        close(portal)
    for step in (portal.reload, portal.go_back, portal.go_forward, portal.reload):
        step()
        expect(portal.get_by_role("heading", level=1)).to_be_visible()
        assert text not in portal.content()
        assert text not in portal.evaluate("JSON.stringify([localStorage, sessionStorage, history.state])")
    expect(row(portal, "deploy")).to_have_count(1)
    assert Token.objects.permanent().count() == 1
    accepted(text)


def test_sending_the_form_twice_makes_one_token(portal: Page) -> None:
    portal.get_by_role("link", name="Create Token").click()
    modal = dialog(portal, "Create API Token")
    modal.get_by_label("Token Name").fill("once")
    modal.get_by_role("button", name="Create", exact=True).dblclick(delay=1)
    expect(portal.get_by_role("dialog", name="Token Created")).to_be_visible()
    assert Token.objects.permanent().count() == 1


def test_copying_works_without_the_clipboard_interface(portal: Page) -> None:
    """As on a page without HTTPS, where `navigator.clipboard` does not exist."""
    portal.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    portal.reload()
    text = create(portal, "by-selection")
    assert portal.evaluate("navigator.clipboard === undefined")
    window = dialog(portal, "Token Created")
    window.get_by_role("button", name="Copy", exact=True).click()
    expect(window.get_by_role("button", name="Copied")).to_be_visible()
    assert read_in_another_page(portal) == text
    close(portal)
    portal.get_by_role("button", name="Copy the temporary API token").click()
    expect(portal.get_by_text("API token copied.")).to_be_visible()
    assert accepted(read_in_another_page(portal)).kind == Token.Kind.TEMPORARY


def read_in_another_page(page: Page) -> str:
    other = page.context.new_page()
    other.goto("/profile/")
    text = clipboard(other)
    other.close()
    return text


def test_a_token_can_be_copied_by_hand_where_the_browser_allows_no_copying(portal: Page) -> None:
    portal.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined }); Document.prototype.execCommand = () => false;"
    )
    portal.reload()
    text = create(portal)
    window = dialog(portal, "Token Created")
    window.get_by_role("button", name="Copy", exact=True).click()
    expect(window.get_by_role("alert")).to_contain_text("copy it manually")
    assert portal.evaluate("getSelection().toString().trim()") == text
    portal.keyboard.press("Escape")
    expect(window).to_be_visible()  # it is not safe yet


def test_a_failed_name_keeps_the_date_that_was_typed(portal: Page, watch: Watch) -> None:
    watch.allow(422)
    create_token(portal, "Create Token", "taken")
    close(portal)
    portal.get_by_role("link", name="Create Token").click()
    modal = dialog(portal, "Create API Token")
    modal.get_by_label("Token Name").fill("taken")
    modal.get_by_label("Expiry Date").fill("2026-02-30")
    modal.get_by_role("button", name="Create", exact=True).click()
    expect(modal.locator(".invalid-feedback").filter(has_text="'2026-02-30' is not a date")).to_be_visible()
    expect(modal.get_by_label("Token Name")).to_have_value("taken")
    modal.get_by_label("Expiry Date").fill("")
    modal.get_by_role("button", name="Create", exact=True).click()
    expect(modal.get_by_label("Token Name")).to_be_focused()
    expect(modal.locator(".invalid-feedback")).to_contain_text("taken")
    assert Token.objects.permanent().count() == 1


@pytest.mark.field
def test_the_window_names_the_token_and_offers_lines_to_paste(portal: Page) -> None:
    text = create(portal)
    window = dialog(portal, "Token Created")
    expect(window).to_contain_text("deploy")
    expect(window).to_contain_text("anna@example.com")
    expect(window).to_contain_text("in 365 days")
    for button, line in [
        ("Copy the curl command", f'curl -H "Authorization: Bearer {text}" {settings.PORTAL_URL}{reverse("api:whoami")}'),
        ("Copy the .env line", f"TOKEN_PORTAL_TOKEN={text}"),
    ]:
        window.get_by_role("button", name=button).click()
        expect(window.get_by_role("button", name=button.replace("Copy", "Copied"))).to_be_visible()
        assert clipboard(portal) == line
    portal.keyboard.press("Escape")  # it was copied, if as a part of a line
    expect(window).to_be_hidden()
