"""What the reference documents tell a reader to do, by visible label."""

from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from tests.checks import verification_result
from tokens.models import Token


def navigate(page: Page, section: str, entry: str) -> None:
    """Clicks `entry` below the heading `section` of the left-hand navigation."""
    page.get_by_role("navigation", name="Main").get_by_role("list", name=section).get_by_role("link", name=entry).click()
    page.wait_for_load_state()


def click_tab(page: Page, name: str) -> None:
    page.locator(".tabs").get_by_role("link", name=name, exact=True).click()
    page.wait_for_load_state()


def open_user_menu(page: Page) -> Locator:
    """Clicks the user icon in the upper right. Returns the menu."""
    page.get_by_role("banner").get_by_role("button", name="User menu").click()
    menu = page.locator(".user-menu")
    expect(menu).to_be_visible()
    return menu


def open_profile(page: Page) -> None:
    open_user_menu(page).get_by_role("link", name="Profile").click()
    page.wait_for_load_state()
    expect(page.get_by_role("heading", level=1)).to_have_text("Profile")


def dialog(page: Page, title: str) -> Locator:
    """The open pane or window with that title."""
    found = page.get_by_role("dialog", name=title, exact=True)
    expect(found).to_be_visible()
    return found


def table(page: Page) -> Locator:
    return page.locator("#results")


def row(page: Page, text: str) -> Locator:
    return table(page).get_by_role("row").filter(has_text=text)


def cells(page: Page, text: str) -> dict[str, str]:
    """The row that holds `text`, by the heads of its columns; of a date without the words below it. Read in one go: the list may refresh
    itself between two."""
    found = row(page, text)
    expect(found).to_be_visible()
    heads, values = found.evaluate(
        "row => [row.closest('table').querySelectorAll('th'), row.cells].map(list => [...list].map(cell => cell.innerText.trim()"
        "  .replace(cell.querySelector('.when-relative')?.innerText ?? '', '').trim()))"
    )
    return dict(zip((head.upper() for head in heads), values, strict=True))


def clipboard(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


def copy_from_window(page: Page) -> str:
    """Clicks Copy in the window with the new token. Returns what is then on the clipboard."""
    window = dialog(page, "Token Created")
    expect(window).to_contain_text("Copy this token now — it will not be shown again")
    shown = window.get_by_label("Token", exact=True).inner_text()
    window.get_by_role("button", name="Copy", exact=True).click()
    expect(window.get_by_role("button", name="Copied")).to_be_visible()
    copied = clipboard(page)
    assert copied == shown
    return copied


def accepted(text: str) -> Token:
    """The token that `text` is; fails if the portal would refuse it."""
    answer = verification_result(text, timezone.now())
    assert isinstance(answer, Token), answer
    return answer


def create_token(page: Page, button: str, name: str) -> str:
    """On the Profile: clicks Add or Create Token, gives a name, creates and copies. Returns the copied text."""
    page.get_by_role("link", name=button, exact=True).click()
    page.get_by_role("dialog").get_by_label("Token Name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
    return copy_from_window(page)


def add_config(page: Page, key: str, value: str, shown: str = "") -> None:
    """On System Settings: tab Config, Add, Config Type App Config, the key and its value, Submit. `shown`: the key's name in the list, if
    it's another one."""
    click_tab(page, "Config")
    page.get_by_role("link", name="Add", exact=True).click()
    pane = dialog(page, "Add Config")
    pane.get_by_label("Config Type").select_option("App Config")
    pane.get_by_label("Key").select_option(key)
    pane.get_by_label("Value").fill(value)
    pane.get_by_role("button", name="Submit").click()
    expect(pane).to_be_hidden()
    expect(row(page, shown or key)).to_contain_text(value)
