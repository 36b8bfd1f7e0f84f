"""The dates of `make test-clock`: what makes each of them one, and that the tests are there when they were sent there."""

import ast
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from tests.clock import DAY, MINUTE, NOW
from tests.travel import BERLIN, CLOCKS

RUNS_ON = "sqlite"
TESTS = Path(__file__).parent
CLOCK = {"timezone.now", "timezone.localdate", "timezone.localtime", "datetime.now", "date.today", "time.time"}
travelled = pytest.mark.skipif(not os.environ["TEST_CLOCK"], reason="of `make test-clock` alone")


def test_two_of_the_dates_are_a_year_ahead_and_a_leap_day() -> None:
    assert CLOCKS["year-ahead"](NOW) == NOW + 365 * DAY
    assert (CLOCKS["leap-day"](NOW) + DAY).date().isoformat() == "2028-03-01"


def test_two_minutes_after_the_third_another_year_begins() -> None:
    assert (CLOCKS["new-year"](NOW) + 2 * MINUTE).isoformat() == "2027-01-01T00:00:00+00:00"


@pytest.mark.parametrize(("name", "hours"), [("summer-time", 1), ("winter-time", -1)])
def test_two_minutes_after_the_others_berlin_changes_its_clocks(name: str, hours: int) -> None:
    before = CLOCKS[name](NOW)
    after = (before.astimezone(UTC) + 2 * MINUTE).astimezone(BERLIN)
    assert after.utcoffset() - before.utcoffset() == timedelta(hours=hours)
    assert (before.minute, after.minute) == (58, 0)


def read_at_import(source: str) -> list[int]:
    """Lines that read a clock, themselves or by a function of the same file, while the module is imported."""
    module = ast.parse(source)
    reads = {node.name for node in module.body if isinstance(node, ast.FunctionDef) and any(map(reads_clock, ast.walk(node)))}
    lines = []
    for node in module.body:
        whole = [*node.decorator_list, node.args] if isinstance(node, ast.FunctionDef) else [node]
        later = {id(inner) for part in whole for each in ast.walk(part) if isinstance(each, ast.Lambda) for inner in ast.walk(each)}
        calls = [each for part in whole for each in ast.walk(part) if isinstance(each, ast.Call) and id(each) not in later]
        lines += [each.lineno for each in calls if reads_clock(each) or (isinstance(each.func, ast.Name) and each.func.id in reads)]
    return lines


def reads_clock(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in CLOCK


@pytest.mark.parametrize("path", sorted(TESTS.rglob("test_*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_no_test_takes_its_date_from_the_moment_of_the_import(path: Path) -> None:
    """Over midnight it would be yesterday's."""
    assert read_at_import(path.read_text()) == []


def test_a_date_from_the_moment_of_the_import_would_be_found() -> None:
    source = "TODAY = timezone.localdate()\ndef day(): return timezone.now()\n@cases([day(), lambda: day()])\ndef test(): day()"
    assert read_at_import(source) == [1, 3]


@travelled
def test_the_process_is_at_the_chosen_date_and_goes_on_from_there() -> None:
    chosen = datetime.fromisoformat(os.environ["TEST_CLOCK"])
    assert chosen < timezone.now() < chosen + timedelta(hours=2)


@travelled
def test_the_portal_is_in_the_zone_whose_clocks_change() -> None:
    assert timezone.get_default_timezone() == ZoneInfo(os.environ["TEST_TIME_ZONE"] or "UTC")


@travelled
def test_what_starts_another_process_is_skipped() -> None:
    with pytest.raises(pytest.skip.Exception, match="which has the real clock"):
        subprocess.run([sys.executable, "-c", ""])
