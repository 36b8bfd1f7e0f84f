"""Rounds of measurements, and how a worker's memory grows."""

import argparse
import os
from typing import Any

from verify.load import Sample, Target
from verify.report import Samples, said
from verify.servers import Server, settle

WRITES_LATER = ("verify", "former", "introspect", "tokens 10,000", "tokens 1,000,000")
FLAT = 0.02
TRIES = 3  # of one measurement


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
    said(growth < FLAT, f"a worker's memory grew by {growth:.1%} at most, aim below {FLAT:.0%}")
