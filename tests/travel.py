"""Runs the tests at another date: `pytest --clock leap-day`, or all of them by `make test-clock`.

The clock of this process is moved before Django and the portal are imported, and it goes on from there. Another process keeps the real
clock, so what starts one is skipped: a browser by its fixture, anything else at the moment in which it is started.
"""

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

BERLIN = ZoneInfo("Europe/Berlin")
CLOCKS: dict[str, Callable[[datetime], datetime]] = {
    "year-ahead": lambda now: now + timedelta(days=365),
    "leap-day": lambda now: datetime(2028, 2, 29, 9, 30, tzinfo=UTC),
    "new-year": lambda now: datetime(now.year, 12, 31, 23, 58, tzinfo=UTC),
    "summer-time": lambda now: datetime(2027, 3, 28, 1, 58, tzinfo=BERLIN),  # two minutes later it is three o'clock
    "winter-time": lambda now: datetime(2027, 10, 31, 2, 58, tzinfo=BERLIN),  # two minutes later it is two o'clock again
}
NEAR = 2.0  # seconds
STARTS_A_PROCESS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"}


def choose(name: str | None) -> None:
    """Writes the date called `name` into the environment, for this process and xdist's workers. None is the real clock."""
    instant = CLOCKS[name](datetime.now(UTC)) if name else None
    os.environ["TEST_CLOCK"] = instant.astimezone(UTC).isoformat() if instant else ""
    os.environ["TEST_TIME_ZONE"] = BERLIN.key if instant and instant.tzinfo is BERLIN else ""
    if instant:
        # At another date pytest takes the folders of other runs for abandoned ones and removes them.
        os.environ["PYTEST_DEBUG_TEMPROOT"] = os.environ["TEST_RUN_DIR"]


def start() -> None:
    """Moves this process to the chosen date, if there is one."""
    if at := os.environ["TEST_CLOCK"]:
        time_machine.travel(datetime.fromisoformat(at), tick=True).start()


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects what needs a browser. From now on, until the end of the process, nothing can start another one."""
    if not os.environ["TEST_CLOCK"]:
        return
    deselected = [item for item in items if needs_browser(item)]
    config.hook.pytest_deselected(items=deselected)
    items[:] = [item for item in items if not needs_browser(item)]
    if not config.getoption("numprocesses", None) or hasattr(config, "workerinput"):
        sys.addaudithook(forbid_processes)


def pass_midnight() -> None:
    """Waits when midnight is near: a test and the page that it asks shall see the same day."""
    from django.utils import timezone  # only here: Django is imported after the clock is moved

    now = timezone.localtime()
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
    left = midnight.timestamp() - now.timestamp()
    if left < NEAR:
        time.sleep(left)


def needs_browser(item: pytest.Item) -> bool:
    return "playwright" in getattr(item, "fixturenames", ())


def forbid_processes(event: str, args: tuple[Any, ...]) -> None:
    if event in STARTS_A_PROCESS:
        pytest.skip("starts another process, which has the real clock")
