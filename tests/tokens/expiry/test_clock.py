"""The scan and the calendar: days that no scan ran on, changes of the clock, leap days, another zone, other days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pytest_django import Settings

from portal.faults.models import Fault
from tests.clock import DAY, NOW, TODAY
from tests.factories import TokenFactory
from tests.tokens.scans import OPS, configure, deliver, ending, open_faults, scan, told
from tokens.dates import end_of, start_of
from tokens.models import Notice, Token

pytestmark = pytest.mark.django_db
TICK = timedelta(microseconds=1)


def last_day(day: date, name: str = "deploy") -> Token:
    """A token that works through `day` in the portal's zone."""
    return TokenFactory(name=name, created_at=datetime(2025, 1, 1, tzinfo=UTC), expires_at=end_of(day))


def due_at(now: datetime) -> bool:
    scan(now)
    return bool(open_faults())


@pytest.mark.parametrize("missed", [1, 2, 14, 15])
def test_days_that_no_scan_ran_on_cost_neither_the_fault_nor_the_mail(missed: int) -> None:
    configure("15", OPS)
    token = ending(16)
    assert told(scan()) == {}
    assert told(scan(NOW + missed * DAY)) == {OPS: {token.name}}
    assert open_faults() == {token.name}
    assert told(scan(NOW + (missed + 1) * DAY)) == {}


def test_thresholds_that_passed_while_no_scan_ran_are_told_as_one() -> None:
    configure("30;7;1", OPS)
    ending(31)
    scan()
    assert len(told(scan(NOW + 30 * DAY))) == 1
    assert Notice.objects.get().threshold == 1
    (mail,) = deliver(NOW + 30 * DAY)
    assert mail.subject.endswith("expires tomorrow")


def test_a_token_that_came_and_went_while_no_scan_ran_is_told_of_by_nobody() -> None:
    configure("15", OPS)
    ending(16)
    scan()
    run = scan(NOW + 17 * DAY)
    assert (run.due, run.raised, run.queued) == (0, 0, 0)


def test_a_clock_that_was_wrong_for_a_while_tells_nothing_twice() -> None:
    configure("15;1", OPS)
    ending(20)
    assert len(told(scan(NOW + 10 * DAY))) == 1
    run = scan()
    assert (run.cleared, told(run)) == (1, {})
    assert told(scan(NOW + 10 * DAY)) == {}
    assert Notice.objects.get().threshold == 15


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", date(2027, 3, 28)),  # 23 hours long
        ("Europe/Berlin", date(2027, 10, 31)),  # 25
        ("America/New_York", date(2027, 3, 14)),
        ("America/New_York", date(2027, 11, 7)),
        ("Australia/Lord_Howe", date(2027, 4, 4)),  # half an hour
        ("America/Asuncion", date(2023, 10, 1)),  # has no midnight of its own
        ("UTC", date(2027, 3, 28)),
    ],
)
@pytest.mark.parametrize("threshold", [1, 3])
@pytest.mark.parametrize("after", [-1, 0, 1])
def test_a_change_of_the_clock_moves_no_day(zone: str, day: date, threshold: int, after: int, settings: Settings) -> None:
    """The token's last day is the one of the change, the day before or the one after; it is due from midnight, so many days before."""
    settings.TIME_ZONE = zone
    configure(str(threshold), OPS)
    token = TokenFactory(created_at=datetime(2020, 1, 1, tzinfo=UTC), expires_at=end_of(day + after * DAY))
    first = start_of(day + after * DAY - threshold * DAY).astimezone(UTC)
    assert not due_at(first - TICK)
    assert due_at(first)
    assert due_at(token.expires_at - TICK)
    assert not due_at(token.expires_at)
    assert Notice.objects.count() == 1


@pytest.mark.parametrize(("zone", "hours"), [("Europe/Berlin", 23), ("UTC", 24)])
def test_a_shorter_day_is_one_day_in_the_mail(zone: str, hours: int, settings: Settings) -> None:
    settings.TIME_ZONE = zone
    configure("15", OPS)
    day = date(2027, 3, 28)
    assert end_of(day) - start_of(day).astimezone(UTC) == timedelta(hours=hours)
    last_day(day)
    now = start_of(day - DAY).astimezone(UTC)
    scan(now)
    (mail,) = deliver(now)
    assert mail.subject.endswith("expires tomorrow")


@pytest.mark.parametrize(("last", "today", "left"), [((2028, 2, 29), (2028, 2, 28), 1), ((2028, 3, 1), (2028, 2, 28), 2)])
def test_the_leap_day_counts(last: tuple[int, int, int], today: tuple[int, int, int], left: int) -> None:
    now = datetime(*today, 12, tzinfo=UTC)
    last_day(date(*last))
    configure(str(left), OPS)
    scan(now)
    (mail,) = deliver(now)
    assert mail.subject.endswith("expires tomorrow" if left == 1 else f"expires in {left} days")
    if left > 1:
        configure(str(left - 1), OPS)
        assert not due_at(now)


def test_scans_on_and_around_the_leap_day() -> None:
    configure("365", OPS)
    last_day(date(2029, 2, 28))
    assert [due_at(datetime(2028, 2, day, 12, tzinfo=UTC)) for day in (27, 28, 29)] == [False, False, True]


def test_a_year_from_the_leap_day_is_told_of_like_any_other() -> None:
    leap = datetime(2028, 2, 29, 9, 30, tzinfo=UTC)
    TokenFactory(created_at=leap, expires_at=leap + 365 * DAY)
    configure("15", OPS)
    assert [due_at(leap + days * DAY) for days in (349, 350, 364)] == [False, True, True]
    assert not due_at(leap + 365 * DAY)


def test_another_time_zone_between_two_scans_loses_nothing_and_tells_nothing_twice(settings: Settings) -> None:
    configure("15;1", OPS)
    settings.TIME_ZONE = "Pacific/Auckland"
    for days in range(18):
        last_day(TODAY + days * DAY, name=f"t{days}")
    tellings = []
    for hour, zone in enumerate(["Pacific/Auckland", "America/Los_Angeles", "UTC", "Pacific/Auckland", "UTC"] * 3):
        settings.TIME_ZONE = zone
        run = scan(NOW + hour * timedelta(hours=5))
        tellings += Notice.objects.filter(message__about__scan=run.pk).values_list("token__name", "threshold")
        assert run.due == len(open_faults())
    assert len(tellings) == len(set(tellings)) == Notice.objects.count()
    # As of the last scan, in UTC, which shows the instants of Auckland's midnights: one day earlier than they were asked for.
    due = Token.objects.filter(expires_at__gt=NOW + 70 * timedelta(hours=1), expires_at__lte=end_of(TODAY + (2 + 15) * DAY))
    assert open_faults() == set(due.values_list("name", flat=True))


@pytest.mark.usefixtures("in_utc")
def test_a_fault_that_is_raised_after_a_change_of_the_zone_speaks_of_the_new_one(settings: Settings) -> None:
    configure("15")
    ending(5, name="first")
    scan()
    settings.TIME_ZONE = "America/Sao_Paulo"
    TokenFactory(name="second", expires_at=datetime(2026, 11, 27, tzinfo=UTC))
    run = scan()
    assert (run.raised, run.cleared) == (1, 0)
    said = dict(Fault.objects.values_list("resource", "description"))
    ends = {resource.split()[0]: description.partition(" expires ")[2] for resource, description in said.items()}
    assert ends == {"first": "2026-11-26 23:59 UTC.", "second": "2026-11-26 20:59 -03."}


def test_raising_the_days_raises_faults_and_lowering_them_clears_these() -> None:
    configure("7", OPS)
    for days in (5, 10, 40):
        ending(days, name=f"t{days}")
    assert told(scan()) == {OPS: {"t5"}}
    configure("30", OPS)
    run = scan()
    assert (run.raised, run.cleared, told(run), open_faults()) == (1, 0, {OPS: {"t10"}}, {"t5", "t10"})
    configure("7", OPS)
    run = scan()
    assert (run.raised, run.cleared, told(run), open_faults()) == (0, 1, {}, {"t5"})
    configure("3", OPS)
    assert (scan().cleared, open_faults()) == (1, set())
    configure("365", OPS)
    run = scan()
    assert (run.raised, told(run)) == (3, {OPS: {"t40"}})


def test_lowering_the_days_tells_again_once_the_tighter_day_is_reached() -> None:
    configure("30", OPS)
    ending(10, name="t")
    assert told(scan()) == {OPS: {"t"}}
    configure("7", OPS)
    assert [day for day in range(12) if told(scan(NOW + day * DAY))] == [3]
