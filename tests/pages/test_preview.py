"""What a change of Config would do, before it is submitted: the figures of the scan itself, and nothing written."""

from typing import Any

import pytest
from django.db import OperationalError

import settings_app.services as config
from portal.audit.models import Entry
from portal.faults.models import Fault
from portal.notifications.models import Message
from settings_app.models import Config
from tests.factories import UserFactory
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tests.tokens.scans import OPS, SECURITY, configure, ending
from tokens.expiry import preview as scan_preview
from tokens.expiry import scan as expiry
from tokens.expiry.preview import Preview
from tokens.models import Notice, ScanRun

pytestmark = pytest.mark.django_db
DAYS, EMAILS, OWNERS = "token_expiration_days", "token_expiration_emails", "notify_token_owners"
NOTHING = "No immediate effect: no faults raised or cleared, no emails sent."


@pytest.fixture
def now() -> Any:
    from django.utils import timezone

    return timezone.now()


def written() -> list[Any]:
    tables = [list(model.objects.order_by("pk").values()) for model in (Config, Fault, Notice, Message, ScanRun)]
    return [*tables, Entry.objects.count()]


def preview(visitor: Visitor, key: str, value: str | None) -> str:
    """The words that the pane would show. Nothing may be written by it."""
    visitor = Visitor(visitor.user, htmx="")
    before = written()
    data = {"key": key} | ({} if value is None else {"value": value})
    page = Page(visitor.send("tokens:preview", **data))
    assert (page.status, page.all("html")) == (200, [])
    assert written() == before
    return page.text


def test_days_would_raise_faults_and_send_mails(as_administrator: Visitor, now: Any) -> None:
    config.add(EMAILS, f"{OPS};{SECURITY}", None)
    for days in (3, 5, 20):
        ending(days, now)
    assert preview(as_administrator, DAYS, "15") == f"Would raise 2 faults and send 2 emails (to {OPS} and {SECURITY})."
    assert preview(as_administrator, DAYS, "30; 7") == f"Would raise 3 faults and send 2 emails (to {OPS} and {SECURITY})."
    assert preview(as_administrator, DAYS, "1") == NOTHING


def test_fewer_days_would_clear_faults(as_administrator: Visitor, now: Any) -> None:
    configure("15", OPS)
    for days in (3, 5, 12):
        ending(days, now)
    expiry.scan(now, "schedule")
    assert preview(as_administrator, DAYS, "15") == NOTHING
    assert preview(as_administrator, DAYS, "4") == f"Would clear 2 faults and send 1 email (to {OPS})."  # at 4 days nobody was told
    assert preview(as_administrator, DAYS, None) == "Would clear 3 faults."
    assert preview(as_administrator, EMAILS, f"{OPS};{SECURITY}") == f"Would send 1 email (to {SECURITY})."
    assert preview(as_administrator, EMAILS, None) == NOTHING


def test_owners_would_get_mails_of_their_own(as_administrator: Visitor, now: Any) -> None:
    configure("15")
    ending(3, now, user=UserFactory(username="bob@example.com"))
    expiry.scan(now, "schedule")
    assert preview(as_administrator, OWNERS, "true") == "Would send 1 email (to bob@example.com)."
    assert preview(as_administrator, OWNERS, "false") == NOTHING


def test_a_lower_maximum_lifetime_says_what_happens_to_the_tokens_that_there_are(as_administrator: Visitor, now: Any) -> None:
    keep = "Applies to new tokens. Existing tokens keep their expiry date; "
    for days in (30, 31, 200):
        ending(days, now)
    ending(300, now, revoked_at=now)
    assert preview(as_administrator, "token_lifetime_days", "200") == f"{keep}none expires later."
    assert preview(as_administrator, "token_lifetime_days", "31") == f"{keep}1 of them expires later than a new token could."
    assert preview(as_administrator, "token_lifetime_days", "30") == f"{keep}2 of them expire later than a new token could."
    assert preview(as_administrator, "token_lifetime_days", None) == f"{keep}none expires later."
    assert preview(as_administrator, "token_lifetime_days", "x") == "Preview unavailable: 'x' is not a whole number of days from 1 to 365."
    assert "Existing tokens keep their expiry date." in as_administrator.see("settings:add").text


def test_what_was_said_is_what_the_scan_does(as_administrator: Visitor, now: Any) -> None:
    config.add(EMAILS, OPS, None)
    for days in (1, 8, 31):
        ending(days, now)
    assert preview(as_administrator, DAYS, "30;7") == f"Would raise 2 faults and send 1 email (to {OPS})."
    config.add(DAYS, "30;7", None)
    run = expiry.scan(now, "config")
    assert (run.raised, run.queued) == (2, 1)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (DAYS, "abc", "Preview unavailable: 'abc' is not a whole number of days from 1 to 365."),
        (EMAILS, "ops@ex", "Preview unavailable: 'ops@ex' is not an email address."),
        (EMAILS, "<script>alert(1)</script>", "Preview unavailable: '<script>alert(1)</script>' is not an email address."),
        (OWNERS, "yes", "Preview unavailable: 'yes' must be true or false."),
        (DAYS, "", ""),
        (DAYS, "  ", ""),
        ("session_minutes", "60", ""),
        ("session_minutes", None, ""),
        ("", "15", ""),
        ("nothing", "15", ""),
    ],
)
def test_a_value_that_cannot_be_is_said_in_words_and_one_that_the_scan_does_not_read_not_at_all(
    key: str, value: str | None, words: str, as_administrator: Visitor
) -> None:
    assert preview(as_administrator, key, value) == words


def test_a_busy_database_costs_the_preview_and_no_more(as_administrator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*args: Any) -> Preview:
        raise OperationalError("database is locked")

    monkeypatch.setattr(scan_preview, "preview", busy)
    assert preview(as_administrator, DAYS, "15") == "Preview unavailable: the database is busy. You can submit the change anyway."


def ask(visitor: Visitor, url: str, *args: str, **data: str) -> tuple[Page, str]:
    """The button Preview, without JavaScript. Nothing may be written."""
    before = written()
    page = Page(visitor.send(url, *args, preview="1", **data))
    assert written() == before
    return page, page.one("div", "scan-preview").text


def test_without_javascript_a_button_shows_it_on_the_page_with_what_was_typed(as_administrator: Visitor, now: Any) -> None:
    config.add(EMAILS, OPS, None)
    ending(3, now)
    typed = {"type": "App Config", "key": DAYS, "value": "30; 7"}
    page, words = ask(as_administrator, "settings:add", **typed)
    assert words == f"Would raise 1 fault and send 1 email (to {OPS})."
    assert (page.status, page.errors, {name: page.value(name) for name in typed}) == (200, {}, typed)

    config.add(DAYS, "7", None)
    page, words = ask(as_administrator, "settings:update", DAYS, value="1")
    assert (page.status, page.value("value"), words) == (200, "1", NOTHING)
    page, words = ask(as_administrator, "settings:update", DAYS, value="x")
    assert (page.value("value"), words) == ("x", "Preview unavailable: 'x' is not a whole number of days from 1 to 365.")

    expiry.scan(now, "schedule")
    page, words = ask(as_administrator, "settings:delete", DAYS)
    assert (page.status, words) == (200, "Would clear 1 fault.")


def test_the_form_has_the_button_only_where_there_may_be_no_javascript(as_administrator: Visitor) -> None:
    config.add(DAYS, "7", None)
    for name, *args in (("settings:add",), ("settings:update", DAYS), ("settings:delete", DAYS)):
        assert as_administrator.see(name, *args).one("noscript").one("button").text == "Preview"
        assert Visitor(as_administrator.user, htmx="pane").see(name, *args).all("button", name="preview") == []


def test_a_key_that_the_scan_does_not_read_has_no_place_for_a_preview(as_administrator: Visitor) -> None:
    config.add("session_minutes", "60", None)
    for name in ("settings:update", "settings:delete"):
        assert as_administrator.see(name, "session_minutes").all("div", "scan-preview") == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Preview(41, 3, 2, ["a@x.org", "b@x.org"]), "Would raise 41 faults, clear 3 and send 2 emails (to a@x.org and b@x.org)."),
        (Preview(1, 1, 0, []), "Would raise 1 fault and clear 1."),
        (Preview(0, 1812, 0, []), "Would clear 1,812 faults."),
        (
            Preview(0, 0, 1000, [f"{name}@x.org" for name in "abcdef"]),
            "Would send 1,000 emails (to a@x.org, b@x.org, c@x.org and 997 more).",
        ),
        (Preview(0, 0, 3, [f"{name}@x.org" for name in "abc"]), "Would send 3 emails (to a@x.org, b@x.org and c@x.org)."),
        (Preview(0, 0, 0, []), NOTHING),
    ],
)
def test_the_figures_are_a_sentence(found: Preview, words: str) -> None:
    assert scan_preview.sentence(found) == words
