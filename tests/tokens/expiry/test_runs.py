"""The row that each scan leaves, what triggers scans, and what a scan costs."""

import json
from typing import Any

import pytest
import structlog
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

import settings_app.services as config
from portal.faults.models import Fault
from portal.notifications import tasks as portal_tasks
from portal.notifications.models import Message
from settings_app.models import Config
from tests.clock import NOW
from tests.factories import AdministratorFactory, UserFactory
from tests.tokens.scans import OPS, SECURITY, configure, ending, scan
from tokens import tasks
from tokens.expiry import scan as expiry
from tokens.models import Notice, ScanRun, Token

pytestmark = pytest.mark.django_db


class Broken(Exception):
    pass


def test_a_scan_leaves_a_row_that_says_what_it_did() -> None:
    configure("15", OPS)
    ending(5)
    ending(50)
    run = scan()
    stored = ScanRun.objects.get()
    assert stored == run
    assert (stored.triggered_by, stored.started_at, stored.due, stored.raised, stored.cleared, stored.queued) == (
        "schedule",
        NOW,
        1,
        1,
        0,
        1,
    )
    assert stored.finished_at >= stored.started_at
    assert "1 due, 1 faults raised, 0 cleared, 1 emails queued" in stored.summary


def test_the_row_says_what_triggered_the_scan() -> None:
    person = AdministratorFactory(username="ada@example.com")
    assert expiry.scan(NOW, ScanRun.Trigger.PERSON, person).trigger == "Scan now (ada@example.com)"
    assert [expiry.scan(NOW, triggered_by).trigger for triggered_by in ("schedule", "config", "command")] == [
        "Schedule",
        "Config change",
        "Command line",
    ]


@pytest.mark.parametrize(("step", "kept"), [("write", 0), ("release", 1)])
def test_a_scan_that_fails_undoes_its_transaction_and_records_the_error(monkeypatch: pytest.MonkeyPatch, step: str, kept: int) -> None:
    def fail(*args: Any) -> None:
        assert Fault.objects.exists()
        raise Broken("with a secret in it")

    configure("15", OPS)
    ending(5)
    monkeypatch.setattr(expiry.notices, step, fail)
    with pytest.raises(Broken):
        scan()
    run = ScanRun.objects.get()
    assert (run.error, run.raised, run.queued) == ("Broken", kept, 0)
    assert run.finished_at is not None
    assert run.summary == "failed: Broken"
    assert [model.objects.count() for model in (Fault, Notice, Message)] == [kept] * 3


def test_the_scan_after_one_that_failed_does_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    configure("15", OPS)
    ending(5)
    with monkeypatch.context() as broken:
        broken.setattr(expiry.notices, "write", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            scan()
    run = scan()
    assert (run.raised, run.queued) == (1, 1)


def test_a_scan_is_logged_without_names_or_addresses() -> None:
    configure("15", OPS)
    ending(5, name="deploy")
    with structlog.testing.capture_logs() as logs:
        scan()
    assert logs == [{"event": "scan finished", "log_level": "info", "due": 1, "raised": 1, "cleared": 0, "queued": 1}]
    assert OPS not in json.dumps(logs)


def test_the_scheduled_task_scans_as_of_now_and_has_the_mail_sent(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(portal_tasks.deliver_messages, "apply_async", lambda **options: asked.append(True))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.scan_tokens()
    assert asked == []
    Config.objects.create(key="token_expiration_days", value="15")
    Config.objects.create(key="token_expiration_emails", value=OPS)
    ending(5, now=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        tasks.scan_tokens()
    assert asked == [True]
    assert [run.triggered_by for run in ScanRun.objects.all()] == ["schedule", "schedule"]


def test_the_task_records_who_clicked_scan_now() -> None:
    person = AdministratorFactory()
    tasks.scan_tokens("person", person.pk)
    assert (ScanRun.objects.get().triggered_by, ScanRun.objects.get().person) == ("person", person)


@pytest.mark.parametrize(
    ("key", "value", "other", "asks"),
    [
        ("token_expiration_days", "15", "7", True),
        ("token_expiration_emails", OPS, "other@example.com", True),
        ("notify_token_owners", "true", "false", True),
        ("session_minutes", "60", "90", False),
    ],
)
def test_a_change_of_the_policy_triggers_a_scan_at_once(
    key: str,
    value: str,
    other: str,
    asks: bool,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(tasks.scan_tokens, "apply_async", lambda **options: asked.append(options["kwargs"]))
    with django_capture_on_commit_callbacks(execute=True):
        stored = config.add(key, value, None)
    with django_capture_on_commit_callbacks(execute=True):
        config.update(stored, other, None)
    with django_capture_on_commit_callbacks(execute=True):
        config.delete(stored, None)
    assert asked == ([{"triggered_by": "config"}] * 3 if asks else [])


def test_a_broker_that_is_down_does_not_undo_the_change(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    def down(**options: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(tasks.scan_tokens, "apply_async", down)
    with django_capture_on_commit_callbacks(execute=True):
        config.add("token_expiration_days", "15", None)
    assert config.get("token_expiration_days") == (15,)


def queries_of_a_scan() -> int:
    with CaptureQueriesContext(connection) as queries:
        scan()
    return len(queries)


def test_the_queries_of_a_scan_do_not_grow_with_its_tokens() -> None:
    configure("30;7;1", f"{OPS};{SECURITY}", owners=True)
    owner = UserFactory()
    scan()
    counts = []
    for tokens in (1, 40):
        for number in range(tokens):
            ending(number % 31, user=owner)
        counts.append(queries_of_a_scan())
        assert Notice.objects.count() == Token.objects.count() * 3
        Fault.objects.all().delete()
        Notice.objects.all().delete()
    assert counts[1] == counts[0]


def test_a_scan_that_finds_nothing_new_asks_no_more_however_many_tokens_there_are() -> None:
    configure("30;7;1", OPS)
    ending(5)
    scan()
    few = queries_of_a_scan()
    for number in range(40):
        ending(number % 31)
    scan()
    assert queries_of_a_scan() == few
