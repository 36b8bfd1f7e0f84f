"""Lists change in place, and the address with them; Back brings the earlier list again."""

from datetime import timedelta
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from portal.users.models import User
from tests.browser.steps import dialog, navigate, row, table
from tests.factories import TokenFactory, UserFactory


@pytest.fixture
def many(administrator: User) -> None:
    """25 tokens, token-01 the oldest and the first to end; the first three end within a week."""
    now = timezone.now()
    owner = UserFactory(username="bob@example.com")
    for number in range(1, 26):
        TokenFactory(
            user=owner,
            name=f"token-{number:02}",
            created_at=now - timedelta(days=40 - number),
            expires_at=now + timedelta(days=2 * number),
        )


@pytest.fixture
def tokens(portal: Page, many: None) -> Page:
    """Access Control, marked, so that a test can tell whether the page was loaded again."""
    navigate(portal, "AI Admin", "Access Control")
    expect(row(portal, "token-")).to_have_count(25)
    portal.evaluate("window.sameDocument = true")
    return portal


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def first_row(page: Page) -> str:
    return table(page).get_by_role("row").nth(1).inner_text()


def in_place(page: Page) -> bool:
    return page.evaluate("window.sameDocument === true")


def test_search_narrows_the_list_while_typing_keeps_the_focus_and_changes_the_address(tokens: Page) -> None:
    search = tokens.get_by_role("searchbox", name="Search")
    search.click()
    tokens.keyboard.type("token-0", delay=20)
    expect(row(tokens, "token-")).to_have_count(9)
    expect(tokens.locator("#list-total")).to_have_text("9")
    expect(search).to_be_focused()
    tokens.keyboard.type("7")
    expect(row(tokens, "token-")).to_have_count(1)
    expect(search).to_have_value("token-07")
    assert query(tokens)["q"] == "token-07"
    assert in_place(tokens)


@pytest.mark.field
def test_back_restores_the_earlier_list_and_forward_the_later_one(tokens: Page) -> None:
    tokens.get_by_role("searchbox", name="Search").fill("token-1")
    expect(row(tokens, "token-")).to_have_count(10)
    tokens.get_by_label("Expires within").select_option("30")
    expect(row(tokens, "token-")).to_have_count(6)
    tokens.go_back()
    expect(row(tokens, "token-")).to_have_count(10)
    expect(tokens.get_by_role("searchbox", name="Search")).to_have_value("token-1")
    expect(tokens.get_by_label("Expires within")).to_have_value("")
    tokens.go_back()
    expect(row(tokens, "token-")).to_have_count(25)
    expect(tokens.get_by_role("searchbox", name="Search")).to_have_value("")
    tokens.go_forward()
    expect(row(tokens, "token-")).to_have_count(10)
    tokens.reload()
    expect(row(tokens, "token-")).to_have_count(10)
    expect(tokens.get_by_role("searchbox", name="Search")).to_have_value("token-1")


@pytest.mark.field
def test_page_size_paging_and_order_work_together_in_place(tokens: Page) -> None:
    tokens.get_by_label("Show").select_option("10")
    expect(row(tokens, "token-")).to_have_count(10)
    assert "token-25" in first_row(tokens)
    tokens.get_by_role("link", name="Page 3").click()
    expect(row(tokens, "token-")).to_have_count(5)
    expect(tokens.get_by_role("navigation", name="Pages")).to_contain_text("3")
    assert query(tokens)["page"] == "3"
    tokens.get_by_role("columnheader", name="Token Name").get_by_role("link").click()
    expect(tokens.get_by_role("columnheader", name="Token Name")).to_have_attribute("aria-sort", "ascending")
    assert "token-01" in first_row(tokens)
    tokens.get_by_role("link", name="Next page").click()
    expect(row(tokens, "token-11")).to_be_visible()
    tokens.get_by_role("columnheader", name="Token Name").get_by_role("link").click()
    expect(tokens.get_by_role("columnheader", name="Token Name")).to_have_attribute("aria-sort", "descending")
    assert "token-25" in first_row(tokens)
    tokens.get_by_role("searchbox", name="Search").fill("token-2")
    expect(row(tokens, "token-")).to_have_count(6)
    assert "token-25" in first_row(tokens)
    assert query(tokens) == {"q": "token-2", "per_page": "10", "sort": "-name"}
    assert in_place(tokens)


def test_filters_by_status_and_expiry_choose_the_right_tokens(tokens: Page) -> None:
    tokens.get_by_label("Expires within").select_option("7")
    expect(row(tokens, "token-")).to_have_count(3)
    tokens.get_by_label("Expires within").select_option("")
    expect(row(tokens, "token-")).to_have_count(25)
    tokens.get_by_label("Status").select_option("revoked")
    expect(tokens.get_by_text("Nothing matches these filters.")).to_be_visible()
    tokens.locator(".empty").get_by_role("link", name="Clear filters").click()
    expect(row(tokens, "token-")).to_have_count(25)


def test_revoking_keeps_search_order_and_page_size(tokens: Page) -> None:
    tokens.get_by_label("Show").select_option("10")
    expect(row(tokens, "token-")).to_have_count(10)
    tokens.get_by_role("searchbox", name="Search").fill("token-0")
    expect(row(tokens, "token-")).to_have_count(9)
    tokens.get_by_role("columnheader", name="Expires").get_by_role("link").click()
    expect(tokens.get_by_role("columnheader", name="Expires")).to_have_attribute("aria-sort", "ascending")
    before = tokens.url
    tokens.get_by_role("button", name="Actions for token-05").click()
    tokens.get_by_role("link", name="Revoke", exact=True).click()
    window = dialog(tokens, "Revoke token-05")
    expect(window).to_contain_text("token-05")
    window.get_by_role("button", name="Revoke").click()
    expect(row(tokens, "token-05")).to_contain_text("Revoked")
    expect(tokens.get_by_role("status").filter(has_text="Revoked token-05.")).to_be_visible()
    expect(row(tokens, "token-")).to_have_count(9)
    expect(tokens.get_by_role("searchbox", name="Search")).to_have_value("token-0")
    assert tokens.url == before
    assert "token-01" in first_row(tokens)
    expect(tokens.get_by_role("button", name="Actions for token-05")).to_be_focused()


@pytest.mark.field
def test_markup_and_sql_in_the_search_are_only_text(tokens: Page) -> None:
    search = tokens.get_by_role("searchbox", name="Search")
    for text in ("<img src=x onerror=alert(1)>", "'; DROP TABLE tokens_token; --", "%_\\"):
        search.fill(text)
        tokens.wait_for_url(f"**?{urlencode({'per_page': 25, 'q': text}, quote_via=quote, safe='()')}")
        expect(tokens.get_by_text("Nothing matches your search.")).to_be_visible()
        expect(search).to_have_value(text)
        tokens.reload()
        expect(search).to_have_value(text)
    tokens.locator(".empty").get_by_role("link", name="Clear filters").click()
    expect(row(tokens, "token-")).to_have_count(25)
