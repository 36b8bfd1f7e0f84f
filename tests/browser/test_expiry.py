"""The Expiry Date of a new token: presets, calendar, and the resulting day in words. Typing works as ever (test_ai_suite_document.py)."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.steps import dialog
from tokens import dates
from tokens.models import Token

pytestmark = pytest.mark.field


def open_form(page: Page, button: str, title: str) -> Locator:
    page.get_by_role("link", name=button, exact=True).click()
    return dialog(page, title)


def today() -> date:
    return dates.day_of(timezone.now())


def words(days: int) -> str:
    day = today() + timedelta(days=days)
    return f"Expires {day:%b} {day.day}, {day.year}, in {days} days"


def test_presets_and_words_in_both_forms(portal: Page, administrator: User) -> None:
    theirs = reverse("tokens:user_tokens", args=[administrator.username])
    for path, button, title in [
        (reverse("profile"), "Create Token", "Create API Token"),
        (theirs, "Add", "Create a new token"),
    ]:
        portal.goto(path)
        form = open_form(portal, button, title)
        said, box = form.get_by_role("status"), form.get_by_label("Expiry Date")
        expect(said).to_have_text(words(365))  # blank
        for days, label in [(30, "30 days"), (60, "60 days"), (90, "90 days"), (365, "1 year")]:
            form.get_by_role("button", name=label).click()
            expect(box).to_have_value(str(today() + timedelta(days=days)))
            expect(said).to_have_text(words(days))
            expect(form.get_by_role("button", name=label)).to_have_attribute("aria-pressed", "true")
        box.fill("2020-01-01")
        expect(said).to_have_text("Choose a day after today.")
        box.fill(str(today() + timedelta(days=366)))
        expect(said).to_contain_text("Choose a day on or before")
        box.fill("2027-02-30")
        expect(said).to_be_empty()
    form.get_by_role("button", name="90 days").click()
    form.get_by_label("Token Name").fill("deploy")
    form.get_by_role("button", name="Create", exact=True).click()
    expect(dialog(portal, "Token Created")).to_contain_text("in 90 days")
    assert Token.objects.permanent().get().expires_on == today() + timedelta(days=90)


def test_the_calendar_works_by_keyboard_and_pointer(portal: Page) -> None:
    form = open_form(portal, "Create Token", "Create API Token")
    box, toggle = form.get_by_label("Expiry Date"), form.get_by_role("button", name="Calendar")
    grid = form.get_by_role("group", name="Calendar")
    box.fill(str(today() + timedelta(days=50)))
    toggle.press("Enter")
    chosen = grid.locator("[aria-pressed=true]")
    expect(chosen).to_be_focused()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowDown"):
        portal.keyboard.press(key)
    portal.keyboard.press("Enter")
    expect(box).to_have_value(str(today() + timedelta(days=57)))
    expect(toggle).to_be_focused()
    expect(grid).to_be_hidden()
    toggle.click()
    for _ in range(14):
        portal.keyboard.press("PageDown")  # no further than the last day
    portal.keyboard.press("Enter")
    expect(box).to_have_value(str(today() + timedelta(days=365)))
    toggle.click()
    expect(grid.get_by_role("button", name="Next month")).to_be_disabled()
    found = audit(portal, "calendar", "dialog[open]") + too_wide(portal, "calendar")
    assert not found, "\n".join(found)
    month = (today() + timedelta(days=365)).replace(day=1) - timedelta(days=1)
    grid.get_by_role("button", name="Previous month").click()
    grid.get_by_role("button", name=f"{month:%B} {month.day}, {month.year}").click()
    expect(box).to_have_value(str(month))
    toggle.click()
    portal.keyboard.press("Escape")
    expect(grid).to_be_hidden()
    expect(form).to_be_visible()
    expect(box).to_have_value(str(month))
