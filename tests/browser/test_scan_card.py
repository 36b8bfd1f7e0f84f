"""The scan as System Settings shows it, in a browser: the bar moves by itself, a change is previewed as it is typed."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Request, expect

import settings_app.services as config
from portal.faults.models import Fault
from portal.users.models import User
from tests.browser.accessibility import audit, too_wide
from tests.browser.steps import dialog, navigate
from tests.browser.watching import Visit
from tests.factories import TokenFactory
from tokens import tasks
from tokens.expiry import preview as scan_preview
from tokens.models import ScanRun

pytestmark = pytest.mark.field

SETTINGS = reverse("settings:config")
CARD_IS_NEW = """new Promise((done) => document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!detail.target.closest("dialog")) done(true);
}))"""
# Within the pause that the preview waits for, however busy the machine is.
TYPE_AT_ONCE = """(field, texts) => {
  for (const text of texts) {
    field.value = text;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}"""


def running() -> ScanRun:
    now = timezone.now()
    return ScanRun.objects.create(triggered_by="schedule", started_at=now, lease_until=now + timedelta(minutes=5))


def polls(page: Page) -> list[Request]:
    found: list[Request] = []
    page.on("request", lambda request: found.append(request) if "/system-settings/scans/?" in request.url else None)
    return found


def finish(run: ScanRun) -> None:
    ScanRun.objects.filter(pk=run.pk).update(finished_at=timezone.now(), raised=7)


def test_the_bar_moves_while_a_scan_runs_and_then_the_polling_ends(visit: Visit, administrator: User) -> None:
    run = running()
    page = visit(administrator, SETTINGS)
    asked = polls(page)
    expect(page.get_by_text("A scan is running.")).to_be_visible()
    ScanRun.objects.filter(pk=run.pk).update(raised=3)
    expect(page.get_by_role("progressbar", name="3 faults raised so far")).to_be_visible()
    finish(run)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    # The status above the list is renewed too.
    expect(page.get_by_role("region", name="Expiration notifications")).to_contain_text("7 faults raised")
    count = len(asked)
    page.wait_for_timeout(2500)
    assert len(asked) == count


def test_scan_now_shows_the_scan_once_a_worker_has_taken_it_up(visit: Visit, administrator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.scan_tokens, "apply_async", lambda **options: None)  # the worker is the test
    page = visit(administrator, SETTINGS)
    page.get_by_role("button", name="Scan now").click()
    expect(page.get_by_text("Scan requested.")).to_be_visible()
    run = running()
    expect(page.get_by_role("progressbar", name="A scan is running.")).to_be_visible()
    page.get_by_role("button", name="Scan now").click()
    expect(page.get_by_text("A scan is already running")).to_be_visible()
    finish(run)
    expect(page.get_by_role("region", name="Scans").get_by_text("Done")).to_be_visible()


def test_a_dialog_that_is_open_while_the_card_is_polled_gives_the_focus_back(visit: Visit, administrator: User) -> None:
    running()
    page = visit(administrator, SETTINGS)
    page.get_by_role("link", name="Add", exact=True).click()
    pane = dialog(page, "Add Config")
    pane.get_by_label("Config Type").select_option("Flags")
    page.evaluate(CARD_IS_NEW)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("link", name="Add", exact=True)).to_be_focused()


def test_a_change_is_previewed_as_it_is_typed_and_the_latest_wins(
    visit: Visit, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    TokenFactory(expires_at=timezone.now() + timedelta(days=3))
    seen: list[Any] = []
    words = scan_preview.words
    monkeypatch.setattr(scan_preview, "words", lambda *args: seen.append(args[:2]) or words(*args))
    page = visit(administrator)
    navigate(page, "Administrator", "System Settings")
    page.get_by_role("link", name="Add", exact=True).click()
    pane = dialog(page, "Add Config")
    pane.get_by_label("Config Type").select_option("App Config")
    pane.get_by_label("Key").select_option("Enable User Token Expiration Notifications")
    place = pane.locator(".scan-preview")
    pane.get_by_label("Value").focus()
    pane.get_by_label("Value").evaluate(TYPE_AT_ONCE, ["1", "1x"])
    expect(place).to_have_text("Preview unavailable: '1x' is not a whole number of days from 1 to 365.")
    pane.get_by_label("Value").fill("15")
    expect(place).to_have_text("Would raise 1 fault.")
    assert (place.get_attribute("aria-live"), seen[-1]) == ("polite", ("token_expiration_days", "15"))
    assert ("token_expiration_days", "1") not in seen  # typed on within the pause
    expect(pane.get_by_label("Value")).to_be_focused()
    assert not audit(page, "preview", "dialog[open] .dialog-body")
    pane.get_by_label("Key").select_option("Authorization token session duration")
    expect(place).to_be_empty()
    assert not config.Config.objects.exists()
    assert not Fault.objects.exists()


def test_the_delete_window_says_what_deleting_would_do(visit: Visit, administrator: User) -> None:
    config.add("token_expiration_days", "15", None)
    TokenFactory(expires_at=timezone.now() + timedelta(days=3))
    tasks.scan_tokens()
    page = visit(administrator, SETTINGS)
    page.get_by_role("button", name="Actions for Enable User Token Expiration Notifications").click()
    page.get_by_role("link", name="Delete").click()
    expect(dialog(page, "Delete Enable User Token Expiration Notifications").locator(".scan-preview")).to_have_text("Would clear 1 fault.")


def test_the_test_mails_answers_and_the_banner_are_sound(visit: Visit, administrator: User) -> None:
    config.add("token_expiration_emails", "ops@example.com", None)
    long_ago = timezone.now() - timedelta(hours=1)
    ScanRun.objects.create(triggered_by="schedule", started_at=long_ago, finished_at=long_ago)
    running()
    page = visit(administrator, SETTINGS)
    expect(page.get_by_role("alert")).to_contain_text("No scan has finished since")
    found = audit(page, "overdue") + too_wide(page, "overdue")
    page.get_by_role("region", name="Scans").get_by_role("link", name="Send a test email").click()
    window = dialog(page, "Send a test email")
    window.get_by_role("button", name="Send").click()
    expect(window.get_by_role("listitem")).to_contain_text("Accepted")
    found += audit(page, "answers", "dialog[open] .dialog-body") + too_wide(page, "answers")
    assert not found, "\n".join(found)
    window.get_by_role("link", name="Close").click()
    expect(page.get_by_role("region", name="Scans").get_by_role("link", name="Send a test email")).to_be_focused()
