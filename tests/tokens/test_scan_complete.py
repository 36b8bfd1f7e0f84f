"""When a scan looks at everything: now and then, and whenever it cannot be sure of knowing all that changed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import Value
from django.db.models.functions import Concat
from django.test import override_settings
from django.utils import timezone

from tests.clock import DAY, NOW, SECOND
from tests.factories import UserFactory
from tests.tokens.scans import OPS, SECURITY, configure, ending, many_ending, open_faults, scan
from tokens.expiry import changes, lease, triggers
from tokens.expiry import scan as expiry
from tokens.models import Change, Notice, ScanRun, Token

pytestmark = pytest.mark.django_db
LATER = NOW + 900 * SECOND
MUCH = NOW + 14 * DAY  # by then those of 20 days have come to 7


@pytest.fixture(autouse=True)
def token() -> Token:
    """One of several that a scan has seen."""
    configure("30;7", OPS, owners=True)
    tokens = {days: ending(days, name=f"in{days}") for days in (3, 5, 20, 60)}
    scan()
    return tokens[5]


def revoke(token: Token) -> None:
    Token.objects.filter(pk=token.pk).update(revoked_at=NOW)


def drop_a_trigger() -> None:
    with connection.cursor() as cursor:
        name, _table = sorted(triggers.installed())[0]
        cursor.execute(triggers.DROP[connection.vendor].format(name=name))


def ask_and_fail(asker: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expiry, "find", lambda look: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            expiry.scan(NOW, asker)


def ask_during_a_scan(asker: str) -> None:
    """The run at work is lost, and with it who asked during it."""
    run = ScanRun.objects.create(asked_by=ScanRun.Asker.SCHEDULE, started_at=NOW, lease_until=timezone.now() + lease.LEASE)
    for each in (asker, ScanRun.Asker.SCHEDULE):
        assert expiry.scan(NOW, each) is None
    run.delete()


REASONS: dict[str, Callable[[], Any]] = {
    "other days": lambda: configure("30;7;1", OPS, owners=True),
    "other addresses": lambda: configure("30;7", SECURITY, owners=True),
    "owners no more": lambda: configure("30;7", OPS),
    "only owners are told": lambda: [configure("30;7", "", owners=True), scan()],
    "a day is over": lambda: ScanRun.objects.exclude(rules="").update(complete_at=LATER - DAY),
    "the clock went back": lambda: ScanRun.objects.exclude(rules="").update(started_at=LATER + SECOND),
    "somebody asked, and that scan failed": lambda: ask_and_fail(ScanRun.Asker.PERSON),
    "the command line asked, and the next tick came first": lambda: ask_during_a_scan(ScanRun.Asker.COMMAND),
    "much time passed": lambda: [many_ending([20] * 4, UserFactory()), scan(), ScanRun.objects.exclude(rules="").update(complete_at=MUCH)],
    "other zone data": lambda: ScanRun.objects.exclude(rules="").update(rules=Concat("rules", Value("."))),
    "too much happened": lambda: Change.objects.bulk_create(Change(key=f"{n:032x}") for n in range(changes.MOST + 1)),
    "nobody knows what happened": lambda: Change.objects.create(key=""),
    "a trigger is missing": drop_a_trigger,
    "nothing to build on": lambda: ScanRun.objects.update(rules=""),
}


@pytest.mark.parametrize("reason", REASONS)
def test_everything_is_looked_at_when_that_is_safer(looks: list[str], reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "MANY", 3)
    REASONS[reason]()
    looks.clear()
    when = MUCH if reason == "much time passed" else LATER
    run = scan(when)
    assert looks == ["everything"]
    assert run.complete_at == when


@pytest.mark.parametrize("asker", sorted({*ScanRun.Asker.values} - {ScanRun.Asker.SCHEDULE}))
def test_whoever_asks_asks_about_everything(token: Token, looks: list[str], asker: str) -> None:
    expiry.scan(LATER, asker)
    assert looks == ["everything"]


def test_a_worker_of_the_former_version_can_still_scan() -> None:
    """Until it is replaced it knows nothing of the new columns."""
    with connection.cursor() as cursor:
        columns = "asked_by, started_at, lease_until, again_by, due, raised, cleared, queued, error"
        cursor.execute(
            f"INSERT INTO tokens_scanrun ({columns}) VALUES ('schedule', %s, %s, '', 0, 0, 0, 0, '')",
            [LATER, LATER],
        )
    assert ScanRun.objects.get(finished_at=None).rules == ""


def test_so_it_is_after_the_time_zone_was_changed(token: Token, looks: list[str]) -> None:
    with override_settings(TIME_ZONE="Pacific/Auckland"):
        scan(LATER)
    assert looks == ["everything"]


def test_numbers_that_do_not_add_up_are_followed_by_a_look_at_everything(token: Token, looks: list[str]) -> None:
    """As after somebody changed rows with the triggers switched off, and switched them on again."""
    revoke(token)
    Change.objects.all().delete()
    assert scan(LATER).cleared == 1
    assert looks == ["changes", "everything"]


def test_what_only_a_complete_look_can_see_waits_a_day_at_most(token: Token, looks: list[str]) -> None:
    Notice.objects.filter(token=token, address=OPS).delete()
    Change.objects.all().delete()
    times = [NOW + hours * 3600 * SECOND for hours in (6, 12, 18, 24)]
    assert [scan(when).queued for when in times] == [0, 0, 0, 1]
    assert looks == ["changes"] * 3 + ["everything"]


def test_more_than_one_transaction_should_hold_is_looked_at_whole_and_cut(
    token: Token, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "MOST", 2)
    new = {ending(6).name for _ in range(3)}
    run = scan(LATER)
    assert looks[:2] == ["changes", "everything"]
    assert run.ranges.count() > 1
    assert open_faults() == new | {"in5", "in3", "in20"}
    assert not ScanRun.objects.exclude(rules="").exists()  # its ranges may have been looked at by several rules
    looks.clear()
    scan(LATER)
    assert looks == ["everything"]


def test_a_scan_that_fails_leaves_the_changes_to_the_next(token: Token, looks: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    revoke(token)
    with monkeypatch.context() as patch:
        patch.setattr(expiry.raising, "clear_due", lambda look: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            scan(LATER)
    assert Change.objects.count() == 1
    looks.clear()
    assert scan(LATER).cleared == 1
    assert looks == ["changes"]
