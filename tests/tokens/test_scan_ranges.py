"""A scan too large for one transaction: cut into ranges that several workers do, which find together what one would have found."""

import time
from collections.abc import Callable, Iterator
from threading import Event, get_ident
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from portal.faults.models import Fault
from portal.notifications.models import Message
from tests.clock import NOW, SECOND
from tests.factories import ServiceFactory, UserFactory
from tests.racing import race, widen
from tests.tokens.scans import OPS, SECURITY, configure, deliver, ending, many_ending, open_faults, scan, told
from tokens.expiry import scan as expiry
from tokens.expiry.lease import LEASE
from tokens.models import Notice, ScanRange, ScanRun, Token

pytestmark = pytest.mark.django_db
in_threads = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


class Broken(Exception):
    pass


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Who left word, or takes over, is answered as of the present."""
    with time_machine.travel(NOW):
        yield


@pytest.fixture(autouse=True)
def tokens(clock: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """29 new due tokens on three days, one known already; three faults to clear."""
    configure("15", f"{OPS};{SECURITY}", owners=True)
    robot = ServiceFactory()
    gone = [ending(3, name=f"gone{number}", user=robot) for number in range(3)]
    ending(3, name="known", user=robot)
    scan()
    deliver()
    Token.objects.filter(pk__in=[token.pk for token in gone]).update(revoked_at=NOW)
    many_ending([number % 3 + 1 for number in range(15)], UserFactory(email="ana@example.com"))
    for number in range(14):
        ending(number % 3 + 1, user=robot)
    monkeypatch.setattr(expiry, "MOST", 20)


def found(run: ScanRun) -> dict[str, Any]:
    """All that a scan leaves, without the rows' ids."""
    run.refresh_from_db()
    faults = Fault.objects.values_list("source", "key", "name", "resource", "description", "severity", "raised_at", "cleared_at")
    notices = Notice.objects.filter(message__about__scan=run.pk).values_list(
        "token__name", "threshold", "address", "message__recipient", "created_at"
    )
    return {
        "counts": (run.due, run.raised, run.cleared, run.queued, run.error),
        "faults": sorted(faults, key=str),
        "notices": sorted(notices),
        "mails": sorted(Message.objects.filter(about__scan=run.pk).values_list("recipient", "state")),
    }


@pytest.fixture
def in_one_piece(tokens: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    with monkeypatch.context() as patch, transaction.atomic():
        patch.setattr(expiry, "MOST", 50_000)
        run = scan()
        assert not run.ranges.exists()
        result = found(run)
        transaction.set_rollback(True)
    assert result["counts"] == (30, 29, 3, 3, "")
    return result


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException, call: int) -> list[int]:
    """Makes the work on a range fail, at its end, the `call`-th time. Returns a list that grows with each time."""
    calls: list[int] = []
    do: Callable[..., None] = expiry.do

    def fail(run: ScanRun, look: Any) -> None:
        calls.append(1)
        do(run, look)
        if len(calls) == call:
            raise error

    monkeypatch.setattr(expiry, "do", fail)
    return calls


def test_what_is_cut_finds_what_one_piece_would_have_found(in_one_piece: dict[str, Any]) -> None:
    run = scan()
    assert run.ranges.count() > 5
    assert not run.ranges.filter(done_at=None).exists()
    assert found(run) == in_one_piece
    assert set(told(run)) == {OPS, SECURITY, "ana@example.com"}
    assert told(scan()) == {}


def test_the_ranges_hold_each_token_once_and_none_too_many(in_one_piece: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[int] = []
    raise_due = expiry.raising.raise_due
    monkeypatch.setattr(expiry.raising, "raise_due", lambda look: raised.append(raise_due(look)) or raised[-1])
    run = scan()
    assert sum(raised) == run.raised == 29
    assert max(raised) * 4 <= 20
    bounds = list(run.ranges.values_list("after_at", "after_id", "upto_at", "upto_id"))
    assert bounds[0][:2] == bounds[-1][2:] == (None, None)
    assert [bound[2:] for bound in bounds[:-1]] == [bound[:2] for bound in bounds[1:]]
    assert len({bound[2:] for bound in bounds}) == len(bounds)


@in_threads
def test_several_workers_find_it_together(in_one_piece: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: set[int] = set()
    finished: list[bool] = []
    cut_up, do, finish = Event(), expiry.do, expiry.finish
    monkeypatch.setattr(expiry, "do", lambda *args: (at_work.add(get_ident()), do(*args)))
    monkeypatch.setattr(expiry, "finish", lambda *args: finished.append(finish(*args)) or finished[-1])
    widen(monkeypatch, expiry.lease, "take_range", 0.05)
    runs: list[ScanRun] = []

    def help_out() -> ScanRun | None:
        cut_up.wait(10)
        return expiry.help_with(runs[0].pk, NOW)

    results = race(lambda: expiry.scan(NOW, "schedule", None, lambda run, ranges: (runs.append(run), cut_up.set())), *[help_out] * 3)
    assert not [result for result in results if isinstance(result, Exception)]
    assert len(at_work) > 1
    assert finished.count(True) == 1
    assert found(runs[0]) == in_one_piece
    assert ScanRun.objects.filter(finished_at=None).count() == 0


@in_threads
@pytest.mark.skip(reason="ranges are removed by the next change of the scan")
def test_workers_that_do_the_same_range_because_one_stood_still_do_it_once(
    in_one_piece: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every range is free to everybody, all the time."""
    monkeypatch.setattr(expiry.lease, "LEASE", 0 * SECOND)
    cut_up, runs = Event(), []

    def help_out() -> ScanRun | None:
        cut_up.wait(10)
        return expiry.help_with(runs[0].pk, NOW)

    def spread(run: ScanRun, ranges: int) -> None:
        runs.append(run)
        cut_up.set()
        time.sleep(0.02)

    results = race(lambda: expiry.scan(NOW, "schedule", None, spread), *[help_out] * 3)
    assert not [result for result in results if isinstance(result, Exception)]
    assert found(runs[0]) == in_one_piece


def test_who_comes_to_a_range_after_another_has_done_it_undoes_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    take_range, late = expiry.lease.take_range, []

    def stand_still(run: ScanRun) -> ScanRange | None:
        part = take_range(run)
        if part and not late:
            late.append(ending(0, name="late"))  # the soonest: so in the first range
            run.ranges.filter(pk=part.pk).update(done_at=timezone.now())
        return part

    with monkeypatch.context() as patch:
        patch.setattr(expiry.lease, "take_range", stand_still)
        scan()
    assert not Notice.objects.filter(token=late[0]).exists()
    assert "late" not in open_faults()
    assert "late" in told(scan())[OPS]


def test_a_range_whose_worker_died_is_done_once_its_lease_is_over(in_one_piece: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        failing(patch, Killed(), 3)
        with pytest.raises(Killed):
            scan()
    run = ScanRun.objects.get(finished_at=None)
    assert run.ranges.exclude(done_at=None).count() == 2
    assert not Message.objects.filter(about__scan=run.pk, next_attempt_at__lte=NOW).exists()
    assert expiry.help_with(run.pk, NOW).finished_at is None
    assert run.ranges.filter(done_at=None).count() == 1
    assert scan() is None
    with time_machine.travel(timezone.now() + LEASE + SECOND):
        scan()
    assert found(run) == in_one_piece
    assert run.error == ""


def test_a_range_that_fails_keeps_the_run_for_the_next_scan_which_does_only_the_rest(
    in_one_piece: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        calls = failing(patch, Broken("with a secret in it"), 3)
        with pytest.raises(Broken):
            scan()
    run = ScanRun.objects.get(finished_at=None)
    assert (run.error, run.summary, run.ranges.exclude(done_at=None).count()) == ("Broken", "failed: Broken", 2)
    calls = failing(monkeypatch, Broken(), 99)
    scan()
    run.refresh_from_db()
    assert len(calls) == run.ranges.count() - 2
    assert found(run) == in_one_piece


def test_a_worker_killed_between_the_last_range_and_the_end_loses_no_mail(
    in_one_piece: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(now: object) -> int:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(expiry.notices, "release", die)
        with pytest.raises(Killed):
            scan()
    run = ScanRun.objects.get(finished_at=None)
    assert not run.ranges.filter(done_at=None).exists()
    with time_machine.travel(timezone.now() + LEASE + SECOND):
        scan()
    assert found(run) == in_one_piece


def test_a_change_of_config_that_finds_a_dead_run_is_looked_at_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        failing(patch, Killed(), 3)
        with pytest.raises(Killed):
            scan()
    configure("15", "new@example.com")
    with time_machine.travel(timezone.now() + LEASE + SECOND):
        expiry.scan(NOW, "config")
    assert Notice.objects.filter(address="new@example.com").count() == 30
    assert len([mail for mail in deliver() if mail.to == "new@example.com"]) <= 2


def test_a_digest_for_which_nothing_is_left_by_new_rules_sends_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    expiry.scan(NOW, "schedule", None, lambda run, ranges: configure("15", OPS))
    assert [mail.to for mail in deliver()] == [OPS]


def test_nobody_helps_with_what_is_over_or_never_was() -> None:
    run = scan()
    ranges = list(ScanRange.objects.values())
    assert expiry.help_with(run.pk, NOW) is None
    assert expiry.help_with(run.pk + 1, NOW) is None
    assert list(ScanRange.objects.values()) == ranges
