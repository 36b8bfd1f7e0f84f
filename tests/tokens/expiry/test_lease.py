"""One scan at a time: who may scan, who must wait, and what becomes of a scan whose process has died or was stopped."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from portal.faults.models import Fault
from portal.notifications.models import Message
from tests.clock import DAY, NOW, SECOND
from tests.tokens.scans import OPS, SECURITY, configure, deliver, ending, open_faults, scan, told
from tokens.expiry import lease
from tokens.expiry import scan as expiry
from tokens.expiry.lease import DIED, LEASE
from tokens.models import Notice, ScanRun

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _configured() -> None:
    configure("15", OPS)
    ending(5, name="deploy")


def unfinished() -> ScanRun:
    return ScanRun.objects.create(triggered_by="schedule", started_at=NOW, lease_until=NOW + LEASE)


def test_while_a_scan_runs_another_one_is_only_noted() -> None:
    run = unfinished()
    assert scan() is None
    run.refresh_from_db()
    assert (run.again_by, run.finished_at, ScanRun.objects.count()) == ("schedule", None, 1)
    assert not Fault.objects.exists()


@pytest.mark.parametrize(("late", "taken"), [(LEASE - SECOND, False), (LEASE, True)])
def test_a_scan_whose_process_died_is_closed_once_its_lease_is_over(late: Any, taken: bool, clock: time_machine.Traveller) -> None:
    dead = unfinished()
    clock.move_to(NOW + late)
    run = scan()
    assert (run is not None) == taken
    dead.refresh_from_db()
    assert (dead.error, dead.finished_at) == ((DIED, NOW + late) if taken else ("", None))
    assert open_faults() == ({"deploy"} if taken else set())


def test_who_triggers_a_scan_meanwhile_gets_another_one_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    finish = expiry.finish
    triggered: list[ScanRun | None] = []

    def trigger_first(*args: Any) -> None:
        if not triggered:
            configure("15", f"{OPS};{SECURITY}")
            triggered.extend([scan(), scan()])
        finish(*args)

    monkeypatch.setattr(expiry, "finish", trigger_first)
    last = scan()
    assert triggered == [None, None]
    assert told(last) == {SECURITY: {"deploy"}}
    assert ScanRun.objects.count() == 2
    assert not ScanRun.objects.filter(finished_at=None).exists()


@pytest.mark.parametrize("step", ["scan_batch", "finish"])
def test_a_scan_stopped_for_longer_than_its_lease_undoes_its_transaction(
    step: str, monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller
) -> None:
    original: Callable[..., None] = getattr(expiry, step)

    def stop(*args: Any) -> None:
        monkeypatch.setattr(expiry, step, original)
        clock.shift(LEASE + SECOND)
        scan()
        ending(6, name="later")
        original(*args)

    monkeypatch.setattr(expiry, step, stop)
    with pytest.raises(lease.Lost):
        scan()
    assert open_faults() == {"deploy"}
    assert (Notice.objects.count(), Message.objects.count()) == (1, 1)
    assert sorted(ScanRun.objects.values_list("error", flat=True)) == ["", DIED]
    assert told(scan()) == {OPS: {"later"}}


def test_closing_a_dead_scan_leaves_a_newer_one_alone(monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller) -> None:
    """The dead one revived and ended, and a newer one began, just before it was to be closed."""
    dead = unfinished()
    clock.shift(LEASE + SECOND)
    close_expired = lease.close_expired

    def revive() -> int:
        monkeypatch.setattr(lease, "close_expired", close_expired)
        ScanRun.objects.filter(pk=dead.pk).update(finished_at=timezone.now())
        ScanRun.objects.create(triggered_by="config", started_at=NOW, lease_until=timezone.now() + LEASE)
        return close_expired()

    monkeypatch.setattr(lease, "close_expired", revive)
    assert scan() is None
    newer = ScanRun.objects.get(triggered_by="config")
    assert (newer.finished_at, newer.error, newer.again_by) == (None, "", "schedule")


def test_after_a_failed_scan_the_next_one_can_start_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(expiry.notices, "release", lambda now: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            scan()
    assert scan().queued == 1
    assert [mail.to for mail in deliver()] == [OPS]


def test_a_scan_as_of_another_day_holds_its_lease_by_the_real_clock() -> None:
    run = lease.acquire(NOW - 400 * DAY, "command")
    assert run.lease_until == NOW + LEASE
    assert scan() is None
