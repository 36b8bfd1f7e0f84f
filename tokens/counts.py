"""How many tokens are in each state, and how many end in each week of the year to come.

Counting a million takes a third of a second, so above `FEW` tokens the worker counts after each scan, and Home shows what it counted.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Case, Value, When

from tokens import dates
from tokens.models import ScanRun, Token

LONGEST = timedelta(days=365)  # how far ahead a token can end: the most that Config takes
WEEK = timedelta(days=7)
STATES = ("active", "expiring", "expired", "revoked")
LIVE = STATES[:2]
EVERY = 2**62  # more than there are tokens
FEW = 10_000
KEPT_FOR = timedelta(hours=1)  # four scans: if none has finished for that long, the pages say so, and Home counts by itself


class Counts(NamedTuple):
    """Permanent tokens by status, and active ones by week, in the order of `mondays`. `at`: when they were counted, None for just now."""

    by_state: dict[str, int]
    by_week: list[int]
    at: datetime | None = None


def current(now: datetime, before: datetime) -> Counts:
    """Exact as long as there are few tokens, or when nothing was kept lately. `before`: as for `TokenQuerySet.with_status`."""
    return count_few(now, before) or last_kept(now) or Counts(*count_tokens(now, before))


def count_few(now: datetime, before: datetime) -> Counts | None:
    """None if there are more than `FEW`."""
    by_state, by_week = count_tokens(now, before, most=FEW + 1)
    return Counts(by_state, by_week) if sum(by_state.values()) <= FEW else None


def keep(run: ScanRun, now: datetime, before: datetime) -> None:
    """Counts, and writes it down in the row of the scan that has just finished. Does nothing where pages can count by themselves."""
    if count_few(now, before) is None:
        by_state, by_week = count_tokens(now, before)
        weeks = {monday.isoformat(): count for monday, count in zip(mondays(now), by_week, strict=True)}
        ScanRun.objects.filter(pk=run.pk).update(counts={"at": now.isoformat(), "states": by_state, "weeks": weeks})


def last_kept(now: datetime) -> Counts | None:
    runs = ScanRun.objects.filter(started_at__gt=now - KEPT_FOR, counts__isnull=False)
    kept = runs.order_by("-started_at").values_list("counts", flat=True).first()
    if kept is None:
        return None
    by_week = [kept["weeks"].get(monday.isoformat(), 0) for monday in mondays(now)]
    return Counts(kept["states"], by_week, datetime.fromisoformat(kept["at"]))


def mondays(now: datetime) -> list[date]:
    """This week's, and those after it up to the week in which the longest token made today ends: 53, on a Sunday 54."""
    today = dates.day_of(now)
    first = today - timedelta(days=today.weekday())
    return [first + number * WEEK for number in range((today + LONGEST - first).days // 7 + 1)]


def count_tokens(now: datetime, before: datetime, most: int = EVERY) -> tuple[dict[str, int], list[int]]:
    """Permanent tokens by status, and the active ones by week of expiry; of more than `most`, that many. One statement counts both, so
    that they agree.

    The weeks' ends are instants that Python reckons: days as every list counts them, whatever a database knows of time zones.
    """
    ends = [dates.start_of(monday + WEEK) for monday in mondays(now)]
    rows = Token.objects.permanent().with_status(now, before).order_by().values("status", week=week_of(ends))  # type: ignore[misc]  # Self has no annotations
    # The limit keeps PostgreSQL from looking through to the instants: it would expect a group for each of them, and sort all rows.
    inner, values = rows[:most].query.sql_with_params()
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
