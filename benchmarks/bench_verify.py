"""How fast is a token verified, beside what else there is, and who can slow it down? `make bench-verify` sets this up and runs it.

One PostgreSQL for all. Each round measures every target once at each number of connections, so that a machine with other work slows
all of them; ratios are taken within a round. Printed are medians, with min and max. About 30 minutes.
"""

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from verify.load import Target
from verify.measuring import measure, memory
from verify.report import CONNECTIONS, aims, report, spread
from verify.starvation import starvation
from verify.targets import Bench, Portal, check, main_targets

TOKENS = 100_000


def rates(bench: Bench, options: argparse.Namespace) -> Portal:
    """Everything but who can slow it down. Returns the portal of a million tokens."""
    targets, server = main_targets(bench)
    check(targets)
    samples = measure(targets, CONNECTIONS, options)
    report(samples)
    memory(server, targets["verify"], round(200_000 * options.scale), max(round(90 * options.scale), 1))
    sizes = {}
    for name, full in (("tokens 10,000", 10_000), ("tokens 1,000,000", 1_000_000)):
        grown = sized(bench, options, full)
        sizes[name] = Target(f"{bench.serve(grown).url}/verify", grown.folder / "portal")
    print("\n10,000 of 10,000 tokens, and 10,000 of 1,000,000; 20 to a person:")
    samples |= measure(sizes, (16,), options)
    for name in sizes:
        print(f"{name:18}{spread([each.rate for each in samples[name, 16]]):>26}")
    aims(samples)
    return grown


def sized(bench: Bench, options: argparse.Namespace, full: int = 1_000_000) -> Portal:
    """A portal of so many tokens, twenty to a person."""
    count = round(full * options.scale)
    return bench.portal(f"tokens{full}", count, max(count // 20, 1), round(10_000 * options.scale))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement; under attack twice as long")
    parser.add_argument("--scale", type=float, default=1, help="of all numbers of tokens, and of how long memory is watched")
    parser.add_argument("--only", choices=("rates", "starvation"), help="one of the two parts")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing (Debian: apt-get install wrk).")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load average before the start {os.getloadavg()[0]:.1f}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers end too
    with ExitStack() as stack:
        bench = Bench(Path(stack.enter_context(tempfile.TemporaryDirectory())), round(TOKENS * options.scale), stack)
        portal = sized(bench, options) if options.only == "starvation" else rates(bench, options)
        if options.only != "rates":
            starvation(portal, options)


if __name__ == "__main__":
    main()
