"""A token that is pasted into a search box is taken out before anything is requested, and looked up by POST."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Request, expect

from portal.users.models import User
from tests.browser.steps import dialog
from tests.browser.watching import Visit
from tests.factories import UserFactory, issue


@pytest.fixture
def text(administrator: User) -> str:
    return issue(UserFactory(username="bob@example.com"), "deploy")[1]


@pytest.fixture
def requested(page: Page) -> list[Request]:
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108 (Playwright marks the function)
    return requests


def paste(page: Page, text: str) -> None:
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("Control+V")


def is_nowhere(page: Page, text: str, requested: list[Request]) -> None:
    assert text not in page.content()
    assert text not in page.evaluate("JSON.stringify([location.href, localStorage, sessionStorage, history.state])")
    assert not [request.url for request in requested if text[:20] in request.url]
    assert not [request.headers for request in requested if text[:20] in str(request.headers)]


@pytest.mark.parametrize("name", ["users:list", "tokens:all", "faults:list", "settings:config", "profile"])
def test_a_pasted_token_is_looked_up_in_a_window(visit: Visit, administrator: User, text: str, requested: list[Request], name: str) -> None:
    page = visit(administrator, reverse(name) + "?q=before")
    search = page.get_by_role("searchbox", name="Search")
    search.click()
    search.press("End")
    paste(page, f" Bearer {text} ")
    window = dialog(page, "API token")
    expect(window).to_contain_text("deploy")
    expect(window).to_contain_text("bob@example.com")
    expect(search).to_have_value("before")
    page.wait_for_timeout(500)  # longer than the list waits before it searches
    is_nowhere(page, text, requested)
    assert page.url.endswith(f"{reverse(name)}?q=before")
    window.get_by_role("link", name="Close").click()
    expect(window).to_be_hidden()
    expect(search).to_be_focused()


@pytest.mark.field
def test_enter_and_a_choice_of_filters_send_no_token_either(visit: Visit, administrator: User, text: str, requested: list[Request]) -> None:
    page = visit(administrator, reverse("tokens:all"))
    search = page.get_by_role("searchbox", name="Search")
    for last in ("Enter", "Tab"):
        search.fill("")
        search.press_sequentially(text[:-1])
        page.keyboard.press(last)
        window = dialog(page, "API token")
        expect(window).to_contain_text("deploy")
        window.get_by_role("link", name="Close").click()
        expect(window).to_be_hidden()
    search.fill(text)
    page.get_by_label("Status").select_option("active")
    expect(dialog(page, "API token")).to_contain_text("deploy")
    is_nowhere(page, text, requested)


@pytest.mark.field
def test_the_django_admin_looks_a_token_up_too(visit: Visit, administrator: User, text: str, requested: list[Request]) -> None:
    page = visit(administrator, reverse("admin:tokens_token_changelist"))
    page.locator("#searchbar").click()
    paste(page, text)
    window = dialog(page, "API token")
    expect(window).to_contain_text("bob@example.com")
    is_nowhere(page, text, requested)


@pytest.mark.field
def test_the_palette_does_not_search_for_a_token_that_a_password_manager_types(
    visit: Visit, administrator: User, text: str, requested: list[Request]
) -> None:
    """The search that waits for the end of what is typed would read the field when the token is in it."""
    page = visit(administrator, reverse("profile"))
    page.keyboard.press("Control+k")
    page.get_by_role("dialog", name="Jump to").get_by_role("combobox").press_sequentially(text[:-1], delay=5)
    page.wait_for_timeout(1000)
    is_nowhere(page, text, requested)
