"""How screens write dates (portal/core/when.py)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone

from portal.core import when
from tests.clock import DAY, MINUTE, NOW

RUNS_ON = "sqlite"

pytestmark = pytest.mark.usefixtures("in_utc")

LAST_SECOND = NOW.replace(hour=23, minute=59, second=59, microsecond=999999)


def relative(instant: datetime, now: datetime) -> str:
    return when.distance(timezone.localtime(instant), timezone.localtime(now))


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        (NOW, "just now"),
        (NOW - timedelta(seconds=59), "just now"),
        (NOW - MINUTE, "1 minute ago"),
        (NOW + 59 * MINUTE, "in 59 minutes"),
        (NOW + timedelta(hours=1), "in 1 hour"),
        (NOW - timedelta(hours=23, minutes=59), "23 hours ago"),
        (NOW - DAY, "yesterday"),
        (NOW - 30 * DAY, "30 days ago"),
        (NOW - 31 * DAY, ""),
        (LAST_SECOND, "today"),
        (LAST_SECOND - DAY, "yesterday"),
        (LAST_SECOND + DAY, "tomorrow"),
        (LAST_SECOND + 10 * DAY, "in 10 days"),
        (LAST_SECOND + 31 * DAY, ""),
    ],
)
def test_near_instants_have_words(instant: datetime, words: str) -> None:
    assert relative(instant, NOW) == words


def test_days_are_counted_in_the_portals_time_zone(settings: object) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"  # type: ignore[attr-defined]
    last = datetime(2026, 11, 30, 14, 59, 59, tzinfo=UTC)
    assert relative(last, NOW) == "in 9 days"
    assert 'title="2026-11-30 23:59:59 JST"' in when.when(last, NOW)


def test_a_change_of_the_clocks_does_not_hide_an_hour(settings: object) -> None:
    settings.TIME_ZONE = "Europe/Berlin"  # type: ignore[attr-defined]
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30, as is the hour after
    assert relative(before + timedelta(hours=1), before) == "in 1 hour"


def test_the_audit_trail_shows_the_time_of_day_with_words_beside() -> None:
    html = when.timed(NOW, NOW + DAY)
    assert "Nov 21, 2026 <span>09:30:00</span>" in html
    assert "yesterday" in html
    assert "yesterday" not in when.timed(NOW, NOW + 40 * DAY)
    assert when.timed(None, NOW) == when.NEVER


def test_a_documented_column_shows_the_date_with_words_beside() -> None:
    html = when.dated(LAST_SECOND + 10 * DAY, NOW)
    assert 'datetime="2026-12-01T23:59:59+00:00" title="2026-12-01 23:59:59 UTC">Dec 1, 2026 <small' in html
    assert ">in 10 days<" in html
    assert when.dated(NOW + 99 * DAY, NOW).endswith(">Feb 28, 2027</time>")


def test_other_screens_show_words_or_the_date() -> None:
    assert ">in 10 days</time>" in when.when(LAST_SECOND + 10 * DAY, NOW)
    assert ">Feb 28, 2027</time>" in when.when(NOW + 99 * DAY, NOW)
    assert "Never" in when.when(None, NOW)
    assert "Never" in when.dated(None, NOW)


def test_a_note_is_escaped() -> None:
    assert 'UTC, by &lt;b&gt;&quot;"' in when.when(NOW, NOW, 'by <b>"')


def test_templates_have_tags_for_dates_and_numbers() -> None:
    page = Template("{% when instant %}|{% dated instant 'by Ann' %}|{{ count|number }}")
    html = page.render(Context({"now": NOW, "instant": NOW - MINUTE, "count": 1234567}))
    assert html.startswith("<time")
    assert ">1 minute ago</time>|" in html
    assert "UTC, by Ann" in html
    assert html.endswith("|1,234,567")
