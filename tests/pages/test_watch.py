"""The dead man's switch: no finished scan for twice the interval is on every administrator's page, a fault, and a 503."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from portal import settings as product
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.users.models import User
from tests.clock import BUSY, DAY, MINUTE, NOW, SECOND
from tests.factories import TokenFactory
from tests.pages.page import Element
from tests.pages.visitor import Visitor
from tests.tokens.scans import configure
from tokens import tasks
from tokens.expiry import health
from tokens.expiry import scan as expiry
from tokens.models import ScanRun

RUNS_ON = "both"
pytestmark = pytest.mark.django_db
LIMIT = 30 * MINUTE  # twice TOKEN_SCAN_MINUTES


def finished(at: datetime, error: str = "") -> ScanRun:
    return ScanRun.objects.create(triggered_by="schedule", started_at=at, finished_at=at, error=error)


@pytest.fixture
def overdue() -> ScanRun:
    return finished(timezone.now() - 31 * MINUTE)


def open_faults() -> list[Fault]:
    return list(Fault.objects.open().filter(source="scan-overdue"))


def banner(visitor: Visitor, url: str = "settings:config") -> list[Element]:
    return visitor.see(url).all("div", "scan-overdue")


def test_it_is_overdue_after_twice_the_interval_and_not_before(settings: Settings) -> None:
    finished(NOW)
    assert not health.read(NOW + LIMIT).overdue
    assert health.read(NOW + LIMIT + SECOND) == health.Health(NOW, True, True)
    settings.TOKEN_SCAN_MINUTES = 24 * 60
    assert not health.read(NOW + 2 * DAY).overdue
    assert health.read(NOW + 2 * DAY + SECOND).overdue


def test_only_a_scan_that_finished_without_an_error_counts() -> None:
    finished(NOW)
    finished(NOW + LIMIT, error="OperationalError")
    ScanRun.objects.create(triggered_by="schedule", started_at=NOW + LIMIT, lease_until=NOW + 2 * LIMIT)
    assert health.read(NOW + LIMIT + SECOND) == health.Health(NOW, True, True)


def test_before_the_first_scan_it_counts_from_the_first_user(administrator: User) -> None:
    User.objects.filter(pk=administrator.pk).update(created_at=NOW)
    assert not health.read(NOW + LIMIT).overdue
    assert health.read(NOW + LIMIT + SECOND) == health.Health(NOW, False, True)


def test_a_portal_without_users_is_not_overdue() -> None:
    assert health.read(NOW) == health.Health(None, False, False)


@pytest.mark.usefixtures("in_utc")
def test_every_page_of_an_administrator_says_so(as_administrator: Visitor, overdue: ScanRun) -> None:
    for url in ("profile", "users:list", "tokens:all", "settings:config", "settings:add", "faults:list", "account_change_password"):
        found = banner(as_administrator, url)
        assert len(found) == 1, url
        assert found[0].text.startswith(f"No scan has finished since {overdue.finished_at:%Y-%m-%d %H:%M} UTC.")
        assert "Check the Celery worker and beat" in found[0].text
        assert found[0].one("a").attributes["href"].startswith("/administrator/system-settings/config/")


def test_the_django_admin_says_so_too(as_administrator: Visitor, overdue: ScanRun) -> None:
    (said,) = banner(as_administrator, "admin:index")
    assert said.text.startswith("No scan has finished since")


def test_a_worker_raises_the_alarm_each_minute(overdue: ScanRun) -> None:
    assert product.CELERY_BEAT_SCHEDULE["watch-scan"]["task"] == tasks.watch_scan.name
    tasks.watch_scan()
    tasks.watch_scan()
    assert len(open_faults()) == 1


@pytest.mark.usefixtures("in_utc")
def test_no_scan_at_all_is_said_in_other_words(as_administrator: Visitor) -> None:
    User.objects.update(created_at=NOW)
    assert "No scan has finished since the portal was set up, 2026-11-21 09:30 UTC." in banner(as_administrator)[0].text


def test_while_all_is_well_there_is_only_the_place_for_it(as_administrator: Visitor) -> None:
    finished(timezone.now())
    page = as_administrator.see("settings:config")
    assert page.one("div", id="scan-watch").text == ""
    assert open_faults() == []


def test_others_are_neither_told_nor_made_to_look(
    as_operator: Visitor, as_person: Visitor, anonymous: Visitor, overdue: ScanRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "read", lambda now: pytest.fail("looked"))
    for visitor, url in ((as_operator, "faults:list"), (as_person, "profile"), (anonymous, "account_login")):
        page = visitor.see(url)
        assert page.status == 200
        assert page.all("div", id="scan-watch") == []


@pytest.mark.usefixtures("in_utc")
def test_the_first_who_notices_raises_one_fault_and_the_others_none(as_administrator: Visitor, overdue: ScanRun) -> None:
    for _ in range(3):
        as_administrator.see("settings:config")
        as_administrator.get("/healthz/scan")
    (fault,) = open_faults()
    assert (fault.name, fault.severity, fault.resource) == ("Scan overdue", "critical", "Expiry scan")
    assert f"No scan has finished since {overdue.finished_at:%Y-%m-%d %H:%M} UTC." in fault.description
    assert Fault.objects.count() == 1


def test_a_scan_that_finishes_clears_the_fault_and_the_banner(as_administrator: Visitor, overdue: ScanRun) -> None:
    assert banner(as_administrator)
    configure("15")
    TokenFactory(expires_at=timezone.now() + 3 * DAY)
    expiry.scan(timezone.now(), "schedule")
    assert open_faults() == []
    assert Fault.objects.get(source="scan-overdue").cleared_at is not None
    assert banner(as_administrator) == []


def test_the_scan_of_another_source_keeps_its_faults() -> None:
    finished(NOW - DAY)
    health.check(NOW)
    faults.raise_faults([Fault(source="other", key="scan", name="x", resource="x", description="x", raised_at=NOW)])
    health.clear_overdue_fault(NOW)
    assert [fault.source for fault in Fault.objects.open()] == ["other"]


def test_the_health_check_answers_monitors_without_a_sign_in(anonymous: Visitor) -> None:
    run = finished(timezone.now().replace(microsecond=0))
    response = anonymous.get("/healthz/scan")
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "last_scan": run.finished_at.isoformat(), "limit_minutes": 30},
    )
    assert "no-store" in response["Cache-Control"]
    ScanRun.objects.update(finished_at=timezone.now() - 31 * MINUTE)
    response = anonymous.get("/healthz/scan")
    assert (response.status_code, response.json()["status"]) == (503, "overdue")
    assert b"\n" not in response.content
    assert len(open_faults()) == 1


def test_the_health_check_before_the_first_scan(anonymous: Visitor, administrator: User) -> None:
    assert anonymous.get("/healthz/scan").json() == {"status": "ok", "last_scan": None, "limit_minutes": 30}
    User.objects.update(created_at=timezone.now() - 31 * MINUTE)
    response = anonymous.get("/healthz/scan")
    assert (response.status_code, response.json()["last_scan"]) == (503, None)


def fail(error: Exception) -> Any:
    def failing(*args: Any, **options: Any) -> None:
        raise error

    return failing


def test_a_database_that_does_not_answer_is_503_too(anonymous: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "read", fail(OperationalError("secret@host")))
    response = anonymous.get("/healthz/scan")
    assert (response.status_code, response.json()) == (503, {"status": "unknown"})


def test_a_database_that_takes_no_writes_breaks_no_page(
    as_administrator: Visitor, anonymous: Visitor, overdue: ScanRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "raise_faults", fail(DatabaseError("attempt to write a readonly database")))
    assert len(banner(as_administrator)) == 1
    assert anonymous.get("/healthz/scan").status_code == 503
    assert open_faults() == []
    monkeypatch.undo()
    assert len(banner(as_administrator)) == 1
    assert len(open_faults()) == 1


def test_a_look_that_fails_breaks_no_page(as_administrator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "read", fail(OperationalError("gone")))
    page = as_administrator.see("settings:config")
    assert (page.status, page.all("div", "scan-overdue")) == (200, [])


def queries(visitor: Visitor) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert visitor.get("/profile/").status_code == 200
    return [query["sql"] for query in captured if "scanrun" in query["sql"] or "scan-overdue" in query["sql"]]


def test_it_costs_an_administrators_page_one_query(as_administrator: Visitor) -> None:
    finished(timezone.now())
    assert len(queries(as_administrator)) == 1
    ScanRun.objects.update(finished_at=timezone.now() - 31 * MINUTE)
    queries(as_administrator)
    assert len(queries(as_administrator)) == 2  # and whether the fault is open
    assert not [sql for sql in queries(as_administrator) if not sql.startswith("SELECT")]


@pytest.fixture
def locked() -> Iterator[None]:
    """Another connection holds what the fault needs: SQLite's one write lock, or the same fault, not committed yet."""
    began, ended = threading.Event(), threading.Event()

    def hold() -> None:
        if connection.vendor == "sqlite":
            with sqlite3.connect(Path(connection.settings_dict["NAME"]), isolation_level=None) as other:
                other.execute("BEGIN IMMEDIATE")
                began.set()
                ended.wait(20)
                other.execute("ROLLBACK")
            other.close()
            return
        from django.db import transaction

        with transaction.atomic():
            faults.raise_faults([health.fault_for(health.read(timezone.now()), timezone.now())])
            began.set()
            ended.wait(20)
            transaction.set_rollback(True)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert began.wait(10)
    yield
    ended.set()
    holder.join()


@pytest.mark.django_db(transaction=True)
def test_a_busy_database_does_not_keep_the_page_waiting(transactional_db: None, request: pytest.FixtureRequest) -> None:
    finished(timezone.now() - timedelta(hours=1))
    request.getfixturevalue("locked")
    began = time.monotonic()
    assert health.check(timezone.now()).overdue
    assert time.monotonic() - began < 1 + BUSY  # and not 20 seconds
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW lock_timeout")
        assert cursor.fetchone()[0] in (20_000, "0")
