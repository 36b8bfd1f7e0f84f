"""The weeks of the home page's chart: days of the portal's zone, through clock changes, in both databases."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from portal.pages import chart, home
from portal.users.models import User
from tests.clock import DAY, NOW
from tests.factories import TokenFactory
from tokens import counts, dates, services
from tokens.models import Token

RUNS_ON = "postgres"
ZONES = ["UTC", "Europe/Berlin", "America/Havana", "Asia/Beirut", "Asia/Kathmandu", "Pacific/Kiritimati", "America/St_Johns"]
SUNDAY = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def found(user: User, now: datetime) -> list[home.Week]:
    _states, numbers = counts.count_tokens(now, services.expiring_before(now))
    return home.weeks(numbers, user, now)


def counted(user: User, now: datetime) -> dict[date, int]:
    return {week.first: week.count for week in found(user, now) if week.count}


def model(tokens: list[Token], now: datetime) -> dict[date, int]:
    """The same by calendar days alone."""
    found: dict[date, int] = {}
    for token in tokens:
        if token.expires_at > now:
            last = dates.day_of(token.expires_at - MICROSECOND)
            monday = last - timedelta(days=last.weekday())
            found[monday] = found.get(monday, 0) + 1
    return found


def end(token: Token, expires_at: datetime) -> Token:
    Token.objects.filter(pk=token.pk).update(expires_at=expires_at, created_at=expires_at - 400 * DAY)
    token.expires_at = expires_at
    return token


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ZONES)
def test_a_token_belongs_to_the_week_of_its_last_day_on_both_sides_of_every_midnight(zone: str, settings: Any, administrator: User) -> None:
    settings.TIME_ZONE = zone
    mondays = counts.mondays(NOW)[1:]
    tokens = TokenFactory.create_batch(len(mondays))
    for moment in (-MICROSECOND, timedelta(0), MICROSECOND):
        for token, monday in zip(tokens, mondays, strict=True):
            end(token, dates.start_of(monday) + moment)
        weeks = mondays if moment > timedelta(0) else [monday - timedelta(days=7) for monday in mondays]
        assert model(tokens, NOW) == dict.fromkeys(weeks, 1)
        assert counted(administrator, NOW) == dict.fromkeys(weeks, 1), moment


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ZONES)
@examples(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(now=st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), data=st.data())
def test_the_database_counts_as_the_calendar_does(
    zone: str, now: datetime, data: st.DataObject, settings: Any, administrator: User
) -> None:
    settings.TIME_ZONE = zone
    tokens = list(Token.objects.permanent()) or TokenFactory.create_batch(8)
    seconds = data.draw(st.lists(st.integers(-20 * 86400, 365 * 86400), min_size=8, max_size=8))
    tokens = [end(token, now + timedelta(seconds=after)) for token, after in zip(tokens, seconds, strict=True)]
    assert counted(administrator, now) == model(tokens, now)


@pytest.mark.django_db
def test_only_live_permanent_tokens_count(administrator: User) -> None:
    ends = {"expires_at": NOW + 9 * DAY, "created_at": NOW - 9 * DAY}
    TokenFactory(**ends)
    TokenFactory(**ends, revoked_at=NOW)
    TokenFactory(**ends, kind="temporary")
    TokenFactory(**{**ends, "expires_at": NOW})
    assert sum(counted(administrator, NOW).values()) == 1


@pytest.mark.parametrize("days", range(7))
def test_the_weeks_begin_with_this_weeks_monday_and_reach_the_longest_token_made_today(days: int) -> None:
    now = NOW + days * DAY
    mondays = counts.mondays(now)
    today = dates.day_of(now)
    assert {monday.weekday() for monday in mondays} == {0}
    assert timedelta(0) <= today - mondays[0] < timedelta(days=7)
    assert {after - before for before, after in pairwise(mondays)} == {timedelta(days=7)}
    longest = today + timedelta(days=365)
    assert timedelta(0) <= longest - mondays[-1] < timedelta(days=7)
    assert len(mondays) == (54 if today.weekday() == 6 else 53)


def week(number: int, count: int) -> home.Week:
    first = date(2026, 11, 16) + timedelta(days=7 * number)
    return home.Week(first, first + timedelta(days=6), count, f"/?week={number}")


@pytest.mark.parametrize("most", [1, 4, 5, 6, 99, 1000, 12_345, 1_000_000])
def test_bars_stand_on_the_ground_in_proportion_and_inside_the_drawing(most: int) -> None:
    drawn = chart.draw([week(number, count) for number, count in enumerate([0, most, most // 2, 1, *[0] * 49])])
    plot = drawn.size.plot
    heights = [float(bar.height) for bar in drawn.bars]
    assert all(float(bar.y) + float(bar.height) == pytest.approx(drawn.size.ground, abs=0.15) for bar in drawn.bars)
    assert heights[0] == 0
    assert plot / 2 <= heights[1] <= plot + 0.1
    assert heights[2] == pytest.approx(max(heights[1] * (most // 2) / most, 2 if most > 1 else 0), abs=0.2)
    assert heights[3] >= 2  # one among a million is seen
    lefts = [float(bar.slot) for bar in drawn.bars]
    assert lefts == sorted(lefts)
    assert drawn.size.left <= lefts[0]
    assert lefts[-1] + float(drawn.slot_width) <= drawn.size.width
    assert 2 <= len(drawn.lines) <= 6
    assert drawn.bars[1].label == (str(most) if most < 100 else "")


def test_the_values_on_the_axis_are_round_and_short() -> None:
    assert [line.text for line in chart.draw([week(0, 986)]).lines] == ["0", "200", "400", "600", "800", "1k"]
    assert [line.text for line in chart.draw([week(0, 7_400)]).lines] == ["0", "2k", "4k", "6k", "8k"]
    assert [line.text for line in chart.draw([week(0, 1)]).lines] == ["0", "1"]
    assert chart.short(2_500_000) == "2.5M"


def test_each_month_stands_under_the_week_in_which_it_begins() -> None:
    weeks = [week(number, 1) for number in range(53)]
    drawn = chart.draw(weeks)
    assert [mark.text for mark in drawn.months] == [
        *("Dec 2026", "Jan 2027", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov")
    ]
    begins = {bar.slot: bar.week for bar in drawn.bars}
    for mark in drawn.months:
        assert begins[mark.at].first <= date(begins[mark.at].last.year, begins[mark.at].last.month, 1) <= begins[mark.at].last


def test_no_label_is_wider_than_its_room() -> None:
    assert chart.labels([5, 99, 100, 0, 1234, 0, 0], 19) == ["5", "99", "", "", "1,234", "", ""]


@pytest.mark.parametrize("size", [chart.MEDIUM, chart.NARROW])
def test_the_months_below_a_narrow_chart_do_not_touch(size: chart.Size) -> None:
    firsts = [date(2026, 11, 2), date(2026, 12, 7), *(date(2027, month, 4) for month in range(1, 12))]
    months = [home.Week(first, first + timedelta(days=27), 1, "/") for first in firsts]
    marks = chart.draw(months, size).months
    assert marks[0].text == "Nov 2026"
    ends = [float(mark.at) + len(mark.text) * chart.DIGIT for mark in marks]
    assert all(end < float(after.at) for end, after in zip(ends, marks[1:], strict=False))
    assert ends[-1] <= size.width


def test_months_have_the_tokens_of_all_their_weeks() -> None:
    weeks = [week(number, number) for number in range(53)]
    months = home.by_month(weeks, User(role="administrator"), NOW)
    assert sum(month.count for month in months) == sum(range(53))
    assert len({(month.first.year, month.first.month) for month in months}) == len(months) == 13
    assert all(after.first - before.last == timedelta(days=1) for before, after in pairwise(months))


def test_the_zones_of_these_tests_change_their_clocks() -> None:
    changing = {zone for zone in ZONES if len({ZoneInfo(zone).utcoffset(NOW + days * DAY) for days in (0, 90, 180, 270)}) > 1}
    assert {"Europe/Berlin", "America/Havana", "Asia/Beirut", "America/St_Johns"} <= changing
