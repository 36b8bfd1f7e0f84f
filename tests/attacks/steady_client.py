"""A client that verifies tokens at a fixed rate and measures how long each takes: `python -m tests.attacks.steady_client PORT FILE`.

Each line of the file is a status and the token for which `/verify` must return it. The time of a request counts from the moment at
which it was due, so that a server that stands still for a second delays all requests of this second, and not only the one that waits.
It ends after `--seconds`, or by SIGTERM, and prints one line of JSON: requests, wrong responses by what came instead, p50, p90, p99 and
longest in milliseconds.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.attacks.http_client import Connection, request

LONGEST_WAIT = 10.0


@dataclass
class Measured:
    """Seconds of each request, and what was wrong. `ends`: when the last request is due."""

    ends: float
    seconds: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)

    def end(self) -> None:
        self.ends = min(self.ends, time.monotonic())

    def percentile(self, percent: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000

    def as_json(self) -> str:
        figures = {"p50": self.percentile(50), "p90": self.percentile(90), "p99": self.percentile(99), "longest": self.percentile(100)}
        return json.dumps({"requests": len(self.seconds), "wrong": self.wrong} | {name: round(value, 3) for name, value in figures.items()})


async def outcome(connection: Connection, data: bytes) -> str:
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            return str(await connection.ask(data))
    except TimeoutError:
        return "timeout"
    except (OSError, EOFError) as error:
        return type(error).__name__


async def verify(port: int, expected: list[tuple[str, bytes]], first: float, interval: float, measured: Measured) -> None:
    """One connection: a request each `interval` from `first` on, at once when it is late."""
    connection, due = Connection(port), first
    while due < measured.ends:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        status, data = random.choice(expected)
        found = await outcome(connection, data)
        measured.seconds.append(time.monotonic() - due)
        if found != status:
            measured.wrong[f"{found} instead of {status}"] += 1
        due += interval
        if time.monotonic() > measured.ends + LONGEST_WAIT:
            break  # so late that it would never end
    connection.close()


async def measure(port: int, lines: list[str], connections: int, rate: float, seconds: float) -> Measured:
    pairs = [line.split() for line in lines]
    expected = [(status, request("GET", "/verify", {"Authorization": f"Bearer {token}"})) for status, token in pairs]
    begins = time.monotonic() + 0.1
    measured = Measured(begins + seconds)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, measured.end)
    clients = [verify(port, expected, begins + number / rate, connections / rate, measured) for number in range(connections)]
    await asyncio.gather(*clients)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rate", type=float, default=200, help="requests a second of all connections together")
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    lines = options.file.read_text().splitlines()
    gc.disable()  # a pause of the client's own would look like one of the server,
    with suppress(PermissionError):  # and so would a processor that others have, which root can prevent
        os.nice(-10)
    sys.stdout.write(asyncio.run(measure(options.port, lines, options.connections, options.rate, options.seconds)).as_json() + "\n")


if __name__ == "__main__":
    main()
