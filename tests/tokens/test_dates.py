"""Days and instants: what "15 days left" means, whatever the zone and the hour."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django import Settings

from tests.clock import DAY, NOW, SECOND, TODAY
from tokens import dates

pytestmark = pytest.mark.usefixtures("in_utc")

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",  # had clock changes at midnight until 2019: days that begin at 01:00
    "America/Havana",  # its midnight is skipped in spring and comes twice in autumn
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "America/St_Johns",
    "Australia/Lord_Howe",
]


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, settings: Settings) -> ZoneInfo:
    settings.TIME_ZONE = request.param
    return ZoneInfo(request.param)


def test_a_day_ends_at_the_midnight_after_it() -> None:
    assert dates.end_of(date(2026, 12, 6)) == datetime(2026, 12, 7, tzinfo=UTC)


def test_the_last_day_has_0_days_left_from_its_first_to_its_last_instant() -> None:
    expires = dates.end_of(TODAY)
    assert dates.days_left(expires, dates.start_of(TODAY)) == 0
    assert dates.days_left(expires, expires - dates.MICROSECOND) == 0


def test_days_left_are_counted_by_the_calendar_and_not_by_the_hour() -> None:
    expires = dates.end_of(date(2026, 12, 6))
    for hour in range(24):
        assert dates.days_left(expires, datetime(2026, 11, 21, hour, tzinfo=UTC)) == 15


def test_days_left_are_negative_when_it_is_over() -> None:
    assert dates.days_left(dates.end_of(TODAY), NOW + DAY) == -1


def test_a_token_that_ends_in_the_middle_of_a_day_has_that_day_as_its_last() -> None:
    assert dates.days_left(NOW + 3 * DAY, NOW) == 3


def test_the_29th_of_february_is_a_day_like_any_other() -> None:
    assert dates.end_of(date(2028, 2, 29)) == datetime(2028, 3, 1, tzinfo=UTC)
    assert dates.days_left(dates.end_of(date(2028, 2, 29)), datetime(2028, 2, 28, 23, 59, tzinfo=UTC)) == 1
    assert dates.days_left(dates.end_of(date(2028, 3, 1)), datetime(2028, 2, 28, tzinfo=UTC)) == 2
    assert dates.days_left(dates.end_of(date(2027, 3, 1)), datetime(2027, 2, 28, tzinfo=UTC)) == 1


def test_a_day_in_berlin_is_23_or_25_hours_long_when_the_clocks_change(settings: Settings) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    for day, hours in [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)]:
        length = dates.end_of(day).astimezone(UTC) - dates.start_of(day).astimezone(UTC)
        assert length == timedelta(hours=hours)


def test_days_left_over_a_clock_change_are_still_whole_days(settings: Settings) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    late = datetime(2026, 10, 24, 23, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert dates.days_left(dates.end_of(date(2026, 10, 26)), late) == 2


def test_a_day_whose_midnight_is_skipped_begins_an_hour_later(settings: Settings) -> None:
    settings.TIME_ZONE = "America/Sao_Paulo"
    assert dates.start_of(date(2018, 11, 4)).astimezone(UTC) == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert dates.day_of(datetime(2018, 11, 4, 3, tzinfo=UTC)) == date(2018, 11, 4)
    assert dates.day_of(datetime(2018, 11, 4, 3, tzinfo=UTC) - SECOND) == date(2018, 11, 3)


def test_a_day_whose_midnight_comes_twice_ends_with_the_first_of_them(settings: Settings) -> None:
    settings.TIME_ZONE = "America/Havana"
    assert dates.end_of(date(2026, 10, 31)).astimezone(UTC) == datetime(2026, 11, 1, 4, tzinfo=UTC)


def test_the_portals_zone_decides_which_day_it_is(settings: Settings) -> None:
    instant = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    assert dates.day_of(instant) == date(2026, 11, 21)
    settings.TIME_ZONE = "Europe/Berlin"
    assert dates.day_of(instant) == date(2026, 11, 22)


def test_when_the_zone_is_changed_a_stored_end_stays_the_same_instant(settings: Settings) -> None:
    expires = dates.end_of(date(2026, 12, 6))
    settings.TIME_ZONE = "Pacific/Kiritimati"
    assert expires == datetime(2026, 12, 7, tzinfo=UTC)
    assert dates.day_of(expires) == date(2026, 12, 7)
    assert dates.end_of(date(2026, 12, 6)) == datetime(2026, 12, 6, 10, tzinfo=UTC)


INSTANTS = st.timedeltas(timedelta(0), timedelta(days=4700)).map(lambda since: datetime(2018, 1, 1, tzinfo=UTC) + since)


@given(day=st.dates(date(2018, 1, 1), date(2030, 12, 31)), name=st.sampled_from(ZONES))
@examples(max_examples=300)
def test_a_token_given_a_day_is_good_until_the_last_instant_of_that_day_and_no_longer(day: date, name: str) -> None:
    with timezone.override(name):
        end = dates.end_of(day).astimezone(UTC)
        assert dates.day_of(end - dates.MICROSECOND) == day
        assert dates.day_of(end) == day + DAY
        assert dates.days_left(end, end - dates.MICROSECOND) == 0
        assert dates.days_left(end, end) == -1


@given(now=INSTANTS, expires=INSTANTS, days=st.integers(1, 365), name=st.sampled_from(ZONES))
@examples(max_examples=300)
def test_due_before_says_the_same_as_days_left(now: datetime, expires: datetime, days: int, name: str) -> None:
    with timezone.override(name):
        assert (expires <= dates.due_before(days, now)) is (dates.days_left(expires, now) <= days)


def test_a_day_has_one_beginning_in_every_zone(zone: ZoneInfo) -> None:
    for number in range(366):
        day = date(2026, 1, 1) + number * DAY
        start = dates.start_of(day).astimezone(UTC)
        assert start.astimezone(zone).date() == day
        assert (start - dates.MICROSECOND).astimezone(zone).date() == day - DAY
