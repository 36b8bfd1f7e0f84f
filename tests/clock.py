"""One instant for tests that pass `now`, so that they mean the same on every day."""

from datetime import UTC, date, datetime, timedelta

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 21)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
