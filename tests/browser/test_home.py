"""The home page in a browser: its chart is clicked, read by keyboard and as a table, and Access Control takes days."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from portal.users.models import User
from tests.browser.accessibility import PHONE, audit, too_wide
from tests.browser.steps import navigate, row, table
from tests.browser.watching import Visit
from tests.factories import OperatorFactory, TokenFactory


def tokens() -> None:
    now = timezone.now()
    for name, days in {"near": 20, "near too": 20, "far": 200}.items():
        TokenFactory(name=name, expires_at=now + timedelta(days=days))


def test_a_bar_leads_to_its_tokens_and_home_leads_back(visit: Visit, administrator: User) -> None:
    tokens()
    page = visit(administrator)
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    page.locator(".chart-wide .chart-week").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Access Control")
    expect(table(page).locator("tbody tr")).to_have_count(2)
    expect(row(page, "near too")).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Home").click()
    expect(page.get_by_role("group", name="3 tokens by week of expiry")).to_be_visible()


def test_a_weeks_whole_height_can_be_clicked(visit: Visit, administrator: User) -> None:
    TokenFactory.create_batch(40)
    TokenFactory(name="alone", expires_at=timezone.now() + timedelta(days=30))
    page = visit(administrator)
    slot = page.locator(".chart-wide .chart-week").filter(has_text=": 1 token").locator(".chart-slot").bounding_box()
    assert slot
    page.mouse.click(slot["x"] + slot["width"] / 2, slot["y"] + 5)  # far above the low bar
    expect(row(page, "alone")).to_be_visible()


def test_a_bar_is_reached_and_opened_by_keyboard_and_the_chart_can_be_passed_by(visit: Visit, administrator: User) -> None:
    tokens()
    page = visit(administrator)
    page.get_by_role("link", name="Skip the chart").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(row(page, "near too")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Skip the chart").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Expiring soonest")).to_be_focused()


def test_the_table_behind_the_chart_opens(visit: Visit, administrator: User) -> None:
    tokens()
    page = visit(administrator)
    page.get_by_text("Show as a table").click()
    expect(page.get_by_role("region", name="Expiries by week").get_by_role("link", name="2 tokens")).to_be_visible()
    found = audit(page, "the table behind the chart") + too_wide(page, "the table behind the chart")
    assert not found, "\n".join(found)


@pytest.mark.field
def test_on_a_phone_the_chart_shows_the_whole_year(visit: Visit, administrator: User) -> None:
    tokens()
    page = visit(administrator)
    page.set_viewport_size(PHONE)
    last = page.locator(".chart-week:visible").last
    box = last.locator(".chart-slot").bounding_box()
    assert box
    assert 0 <= box["x"] <= PHONE["width"] - box["width"]
    last.click()
    expect(row(page, "far")).to_be_visible()


@pytest.mark.field
def test_an_operators_home_and_a_fresh_one_are_sound(visit: Visit, administrator: User) -> None:
    page = visit(administrator)
    expect(page.get_by_role("region", name="First steps")).to_be_visible()
    found = audit(page, "fresh") + too_wide(page, "fresh")
    page.get_by_role("link", name="Choose who is notified").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("System Settings")
    tokens()
    page = visit(OperatorFactory())
    expect(page.get_by_role("region", name="First steps")).to_have_count(0)
    found += audit(page, "operator") + too_wide(page, "operator")
    page.locator(".chart-wide .chart-week").first.click()
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    assert not found, "\n".join(found)


def test_days_are_typed_into_access_control_and_a_bad_one_is_told_of_in_place(portal: Page) -> None:
    tokens()
    navigate(portal, "AI Admin", "Access Control")
    until = timezone.localdate() + timedelta(days=30)
    portal.get_by_label("Expires to").fill(f"{until:%Y-%m-%d}")
    portal.get_by_label("Expires to").press("Enter")
    expect(row(portal, "far")).to_have_count(0)
    expect(row(portal, "near too")).to_be_visible()
    assert f"expires_to={until:%Y-%m-%d}" in portal.url
    portal.get_by_label("Expires from").fill("soon")
    portal.get_by_label("Expires from").press("Enter")
    expect(portal.get_by_role("alert").filter(has_text="'soon' is not a date")).to_be_visible()
    expect(row(portal, "far")).to_have_count(0)
    expect(portal.get_by_label("Expires from")).to_have_value("soon")
    portal.get_by_label("Expires from").fill("")
    portal.get_by_label("Expires from").press("Enter")
    expect(portal.get_by_text("'soon' is not a date")).to_have_count(0)
