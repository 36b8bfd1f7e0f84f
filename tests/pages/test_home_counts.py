"""The counts on Home: exact while there are few tokens, kept by the last scan when there are many."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import TokenFactory
from tests.pages.visitor import Visitor
from tokens import counts, tasks
from tokens.models import ScanRun

RUNS_ON = "both"
pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tokens are more than are counted each time."""
    monkeypatch.setattr(counts, "FEW", 2)
    now = timezone.now()
    for days in (10, 20):
        TokenFactory(expires_at=now + days * DAY, created_at=now - DAY)
    TokenFactory(revoked_at=now)


def test_few_tokens_are_counted_exactly_each_time() -> None:
    TokenFactory()
    tasks.scan_tokens()
    TokenFactory()
    now = timezone.now()
    found = counts.current(now, now)
    assert (found.by_state["active"], found.at) == (2, None)
    assert ScanRun.objects.get().counts is None


@pytest.mark.usefixtures("many")
def test_many_tokens_have_the_counts_of_the_last_scan() -> None:
    tasks.scan_tokens()
    TokenFactory()
    now = timezone.now()
    found = counts.current(now, now)
    assert found.by_state == {"active": 2, "expiring": 0, "expired": 0, "revoked": 1}
    assert (len(found.by_week), sum(found.by_week)) == (len(counts.mondays(now)), 2)
    assert found.at is not None
    assert found.at <= now


@pytest.mark.usefixtures("many")
def test_kept_counts_keep_their_weeks_when_a_week_has_passed() -> None:
    tasks.scan_tokens()
    now = timezone.now()
    before = dict(zip(counts.mondays(now), counts.current(now, now).by_week, strict=True))
    ScanRun.objects.update(started_at=now + 7 * DAY)
    later = now + 7 * DAY
    after = dict(zip(counts.mondays(later), counts.current(later, later).by_week, strict=True))
    assert {week: count for week, count in after.items() if count} == {week: count for week, count in before.items() if count}


@pytest.mark.usefixtures("many")
def test_counts_older_than_an_hour_are_counted_again() -> None:
    tasks.scan_tokens()
    TokenFactory()
    now = timezone.now()
    ScanRun.objects.update(started_at=now - timedelta(minutes=61))
    found = counts.current(now, now)
    assert (found.by_state["active"], found.at) == (3, None)


@pytest.mark.usefixtures("many")
def test_home_says_when_it_was_counted_and_reads_few_tokens(as_administrator: Visitor) -> None:
    assert as_administrator.see("/").all("p", "home-counted") == []
    tasks.scan_tokens()
    with CaptureQueriesContext(connection) as captured:
        page = as_administrator.see("/")
    assert page.one("p", "home-counted").text.startswith("Counted ")
    counting = [query["sql"] for query in captured.captured_queries if "AS tokens GROUP BY" in query["sql"]]
    assert len(counting) == 1
    assert "LIMIT 3) AS tokens" in counting[0]
