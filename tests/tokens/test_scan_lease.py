"""One scan at a time: who may scan, who is told to wait, and what becomes of a scan whose process died or stood still."""

from collections.abc import Callable
from typing import Any

import pytest
import structlog
import time_machine
from django.utils import timezone

from portal.faults.models import Fault
from portal.notifications.models import Message
from tests.clock import DAY, NOW, SECOND
from tests.tokens.scans import OPS, SECURITY, configure, ending, open_faults, scan, told
from tokens import tasks
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
    return ScanRun.objects.create(asked_by="schedule", started_at=NOW, lease_until=NOW + LEASE)


def test_while_a_scan_is_at_work_another_one_only_leaves_word() -> None:
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


def test_who_left_word_is_answered_by_one_more_look(monkeypatch: pytest.MonkeyPatch) -> None:
    look_at_once: Callable[..., bool] = expiry.look_at_once
    asked: list[ScanRun | None] = []

    def look(run: ScanRun, now: Any) -> bool:
        done = look_at_once(run, now)
        if not asked:
            ScanRun.objects.filter(pk=run.pk).update(finished_at=None)  # the others ask before it is done
            configure("15", f"{OPS};{SECURITY}")
            asked.extend([scan(), scan()])
            ScanRun.objects.filter(pk=run.pk).update(finished_at=NOW)
        return done

    monkeypatch.setattr(expiry, "look_at_once", look)
    last = scan()
    assert asked == [None, None]
    assert told(last) == {SECURITY: {"deploy"}}
    assert ScanRun.objects.count() == 2
    assert not ScanRun.objects.filter(finished_at=None).exists()


def test_a_scan_that_stood_still_for_longer_than_its_lease_undoes_what_it_did(
    monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller
) -> None:
    look_at_once: Callable[..., bool] = expiry.look_at_once

    def stand_still(run: ScanRun, now: Any) -> bool:
        monkeypatch.setattr(expiry, "look_at_once", look_at_once)
        clock.shift(LEASE + SECOND)
        assert told(scan()) == {OPS: {"deploy"}}
        ending(6, name="later")
        return look_at_once(run, now)

    monkeypatch.setattr(expiry, "look_at_once", stand_still)
    with pytest.raises(lease.Lost):
        scan()
    assert open_faults() == {"deploy"}
    assert (Notice.objects.count(), Message.objects.count()) == (1, 1)
    assert sorted(ScanRun.objects.values_list("error", flat=True)) == ["", DIED]
    assert told(scan()) == {OPS: {"later"}}


def test_one_that_stood_still_cuts_nothing_into_ranges(monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller) -> None:
    look_at_once: Callable[..., bool] = expiry.look_at_once

    def stand_still(run: ScanRun, now: Any) -> bool:
        monkeypatch.setattr(expiry, "look_at_once", look_at_once)
        clock.shift(LEASE + SECOND)
        scan()
        for _ in range(3):
            ending(6)
        monkeypatch.setattr(expiry, "MOST", 2)
        return look_at_once(run, now)

    monkeypatch.setattr(expiry, "look_at_once", stand_still)
    with pytest.raises(lease.Lost):
        scan()
    assert not ScanRun.objects.filter(ranges__isnull=False).exists()
    assert (Notice.objects.count(), Message.objects.count(), Fault.objects.count()) == (1, 1, 1)


def test_who_takes_over_a_dead_scan_lets_a_newer_one_be(monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller) -> None:
    """The dead one came to life and ended, and a newer one began, between two statements of who takes over."""
    dead, newer = unfinished(), []
    clock.shift(LEASE + SECOND)
    exists = type(ScanRun.objects.none()).exists

    def slip_in(query: Any) -> bool:
        if not newer:
            newer.append(True)
            ScanRun.objects.filter(pk=dead.pk).update(finished_at=timezone.now())
            ScanRun.objects.create(asked_by="config", started_at=NOW, lease_until=timezone.now() + LEASE)
        return exists(query)

    with monkeypatch.context() as patch:
        patch.setattr(type(ScanRun.objects.none()), "exists", slip_in)
        assert scan() is None
    assert newer
    young = ScanRun.objects.get(asked_by="config")
    assert (young.finished_at, young.error) == (None, "")


def test_a_failed_scan_leaves_the_way_free_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(expiry.notices, "release", lambda now: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            scan()
    assert told(scan()) == {OPS: {"deploy"}}


def test_a_scan_as_of_another_day_holds_its_lease_by_the_real_clock() -> None:
    run = lease.begin(NOW - 400 * DAY, "command")
    assert run.lease_until == NOW + LEASE
    assert scan() is None


@pytest.mark.parametrize(("ranges", "helpers"), [(2, 1), (9, 8), (500, 16), (1, 0)])
def test_as_many_workers_are_asked_to_help_as_there_are_ranges_but_not_too_many(
    ranges: int, helpers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[Any]] = []
    monkeypatch.setattr(
        tasks, "group", lambda signatures: type("Group", (), {"apply_async": lambda self, **o: asked.append([*signatures])})()
    )
    run = unfinished()
    tasks.spread(run, ranges)
    assert [[signature.args for signature in signatures] for signatures in asked] == [[(run.pk,)] * helpers]


def test_a_broker_that_is_down_leaves_the_scan_to_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*args: Any, **options: Any) -> None:
        raise ConnectionError("with a secret in it")

    monkeypatch.setattr(expiry, "MOST", 2)
    monkeypatch.setattr(tasks.group, "apply_async", down)
    for _ in range(5):
        ending(6)
    with structlog.testing.capture_logs() as logs:
        tasks.scan_tokens()
    assert ScanRun.objects.get().ranges.count() > 1
    assert (ScanRun.objects.get().raised, ScanRun.objects.get().queued, ScanRun.objects.get().error) == (6, 1, "")
    assert {"event": "no help with the scan", "log_level": "warning", "error": "ConnectionError"} in logs
