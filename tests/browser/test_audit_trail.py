"""The audit trail's page, driven as a person does: by filters, by links, by keyboard alone, as files, on a phone."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.audit.models import Entry
from portal.users.models import User
from tests.audit_entries import entry
from tests.browser.accessibility import PHONE, audit, too_wide
from tests.browser.steps import dialog, row
from tests.browser.watching import Visit
from tests.factories import OperatorFactory, issue

pytestmark = pytest.mark.field


def test_the_list_is_filtered_read_and_exported(visit: Visit, administrator: User, furnished: User) -> None:
    operator = OperatorFactory()
    page = visit(operator, reverse("home"))
    page.get_by_role("link", name="Audit Trail", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit Trail")
    found = audit(page, "list") + too_wide(page, "list")
    page.locator("#filter_event").select_option(label="Token revoked")
    expect(row(page, "Setting created")).to_have_count(0)
    page.locator("#filter_who").fill(administrator.username)
    first = row(page, "Token revoked").first
    first.get_by_role("cell").nth(3).hover()
    first.get_by_role("link", name="Filter by taken-back").click()
    expect(page.get_by_role("list", name="Filtered by")).to_contain_text("Target: Token taken-back")
    expect(row(page, "taken-back")).to_have_count(1)
    found += audit(page, "chips") + too_wide(page, "chips")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export NDJSON").click()
    assert download.value.suggested_filename == "audit.ndjson"
    assert download.value.path().read_text().count("\n") == 1
    page.get_by_role("link", name="Remove filter Target").click()
    expect(page.get_by_role("list", name="Filtered by")).to_have_count(0)
    expect(page.locator("#filter_event")).to_have_value("token.revoked")
    assert found == []


def test_an_entry_is_read_by_keyboard_in_its_pane_and_on_its_page(visit: Visit, administrator: User) -> None:
    issue(administrator, "deploy")
    same = entry(administrator, request_id=Entry.objects.latest("pk").request_id)
    page = visit(administrator, reverse("audit:list"))
    link = page.get_by_role("link", name="Token created", exact=True)
    link.press("Enter")
    pane = dialog(page, "Token created")
    expect(pane.get_by_role("row", name="Expires on")).to_be_visible()
    found = audit(page, "pane", "dialog[open]")
    page.keyboard.press("Escape")
    expect(link).to_be_focused()
    link.press("Enter")
    pane.get_by_role("link", name="Open page").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Token created")
    found += audit(page, "page") + too_wide(page, "page")
    page.get_by_role("main").get_by_role("link", name="Token revoked", exact=True).press("Enter")
    expect(page).to_have_url(reverse("audit:entry", args=[same.pk]))
    page.get_by_role("link", name="Filter by Token revoked").press("Enter")
    expect(row(page, "Token revoked")).to_have_count(1)
    assert found == []


def test_on_a_phone_an_entry_is_a_card_and_a_users_tab_shows_their_entries(visit: Visit, administrator: User, furnished: User) -> None:
    page = visit(administrator, reverse("tokens:user_tokens", args=[furnished.username]))
    page.get_by_role("link", name="Audit", exact=True).click()
    expect(row(page, "Token revoked")).to_have_count(0)
    found = audit(page, "tab") + too_wide(page, "tab")
    page.get_by_role("link", name="Open in Audit Trail").click()
    page.goto(reverse("audit:list"))
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Filters").click()
    expect(page.locator("#filter_channel")).to_be_visible()
    expect(row(page, "Token revoked").first.get_by_role("link", name="Filter by Token revoked")).to_be_visible()
    assert found == []
