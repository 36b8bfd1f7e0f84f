"""How many tokens are in each state, and how many end in each week of the year to come."""

from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Case, Value, When

from tokens import dates
from tokens.models import Token

LONGEST = timedelta(days=365)  # how far ahead a token can end: the most that Config takes
WEEK = timedelta(days=7)
STATES = ("active", "expiring", "expired", "revoked")
LIVE = STATES[:2]
EVERY = 2**62  # more than there are tokens


def mondays(now: datetime) -> list[date]:
    """This week's, and those after it up to the week in which the longest token made today ends: 53, on a Sunday 54."""
    today = dates.day_of(now)
    first = today - timedelta(days=today.weekday())
    return [first + number * WEEK for number in range((today + LONGEST - first).days // 7 + 1)]


def count_tokens(now: datetime, before: datetime) -> tuple[dict[str, int], list[int]]:
    """Permanent tokens by status, and the live ones by week of expiry. One look at the table serves both, so that they agree.

    The weeks' ends are instants that Python reckons: days as every list counts them, whatever a database knows of time zones.
    """
    ends = [dates.start_of(monday + WEEK) for monday in mondays(now)]
    rows = Token.objects.permanent().with_status(now, before).order_by().values("status", week=week_of(ends))  # type: ignore[misc]  # Self has no annotations
    # The limit keeps PostgreSQL from looking through to the instants: it would expect a group for each of them, and sort all rows.
    inner, values = rows[:EVERY].query.sql_with_params()
    by_state, by_week = dict.fromkeys(STATES, 0), [0] * len(ends)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT status, week, COUNT(*) FROM ({inner}) AS tokens GROUP BY status, week", values)  # noqa: S608  # Django's own
        for status, week, count in cursor.fetchall():
            by_state[status] += count
            if status in LIVE:
                by_week[week] += count
    return by_state, by_week


def week_of(ends: list[datetime], first: int = 0) -> Case | Value:
    """The number of the week that a token's last day is in (any later one: the last), by halves: six comparisons a row, not fifty."""
    if len(ends) == 1:
        return Value(first)
    half = len(ends) // 2
    return Case(When(expires_at__lte=ends[half - 1], then=week_of(ends[:half], first)), default=week_of(ends[half:], first + half))
