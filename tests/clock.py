"""One instant for tests that pass `now`, so that they mean the same on every day.

What a factory makes without a given instant is as of NOW. Where the code under test reads the clock itself, as pages do, the
fixture `running_clock` makes it as of that clock instead; tests/pages, tests/api and whatever needs a server have it for all tests.
"""

from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 21)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
BUSY = 4.0  # seconds that a busy machine may add to a time that is promised; what lasts without the promise lasts longer

_running = False


def now() -> datetime:
    """The instant as of which factories make rows."""
    return timezone.now() if _running else NOW


def run(running: bool) -> None:
    """Whether `now` follows the clock of the process. For the fixture `running_clock`."""
    global _running
    _running = running


def exact(instant: datetime) -> str:
    """`2026-12-06 23:59:59 UTC`, as pages show it (portal/core/when.py)."""
    local = timezone.localtime(instant)
    return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"
