"""Clocks that were wrong for a while: neither scans, mails nor the alarm wait for a time that is years away."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection

from portal.core.transactions import lock_timeout
from portal.notifications import delivery
from portal.notifications.models import Message
from tests.clock import DAY, MINUTE, NOW
from tests.tokens.scans import OPS, configure, ending, open_faults, scan
from tokens.expiry import health, lease
from tokens.expiry import scan as expiry
from tokens.models import Notice, ScanRun

pytestmark = pytest.mark.django_db
YEAR = 365 * DAY


def test_a_lease_given_by_a_clock_that_was_a_year_ahead_is_over() -> None:
    configure("15")
    ending(5, name="deploy")
    ScanRun.objects.create(triggered_by="schedule", started_at=NOW + YEAR, lease_until=NOW + YEAR + lease.LEASE)
    with time_machine.travel(NOW, tick=False):
        assert scan().error == ""
    assert open_faults() == {"deploy"}


@pytest.mark.parametrize(("ahead", "waits"), [(DAY / 4, True), (YEAR, False)])
def test_a_mail_put_off_by_a_clock_that_was_ahead_is_sent_now(ahead: timedelta, waits: bool) -> None:
    configure("15", OPS)
    ending(5)
    scan()
    Message.objects.update(next_attempt_at=NOW + ahead)
    assert delivery.deliver(NOW) == ((0, 0) if waits else (1, 0))


def test_a_scan_as_of_a_future_time_does_not_silence_the_alarm() -> None:
    with time_machine.travel(NOW, tick=False):
        scan(NOW + 60 * DAY)
    assert not health.read(NOW + MINUTE).overdue
    assert health.read(NOW + DAY).overdue


def test_a_scan_that_finished_a_year_from_now_does_not_silence_the_alarm() -> None:
    ScanRun.objects.create(triggered_by="schedule", started_at=NOW + YEAR, finished_at=NOW + YEAR)
    assert health.read(NOW).overdue


def test_who_asked_meanwhile_is_answered_as_of_the_present_whatever_the_first_look_was_as_of(monkeypatch: pytest.MonkeyPatch) -> None:
    configure("15")
    ending(30, name="later")
    carry_out = expiry.carry_out

    def asked_meanwhile(run: ScanRun, now: object) -> None:
        if run.triggered_by == "command":
            assert expiry.scan(NOW, "config") is None
        return carry_out(run, now)

    monkeypatch.setattr(expiry, "carry_out", asked_meanwhile)
    with time_machine.travel(NOW, tick=False):
        run = expiry.scan(NOW + 20 * DAY, "command")
    assert (run.triggered_by, run.started_at) == ("config", NOW)
    assert open_faults() == set()


def test_a_mail_queued_just_after_midnight_is_written_as_of_then_by_a_delivery_that_began_before(monkeypatch: pytest.MonkeyPatch) -> None:
    configure("1", OPS)
    midnight = ending(1).expires_at - 2 * DAY
    scan(midnight)
    Message.objects.update(next_attempt_at=midnight - timedelta(seconds=5))
    seconds = iter([0.0, 10.0, 20.0, 30.0])
    monkeypatch.setattr(delivery.time, "monotonic", lambda: next(seconds))
    assert delivery.deliver(midnight - timedelta(seconds=5)) == (1, 0)
    assert Notice.objects.count() == 1


def test_postgresql_ends_the_transaction_of_a_machine_that_was_lost() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's lock goes with the process")
    with lease.scan_transaction(ScanRun.objects.create(triggered_by="schedule", started_at=NOW)), connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("5min",)
    with lock_timeout(lease.LOCK_TIMEOUT), connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("1min",)
