"""What a run found, in words: medians with the lowest and highest, and whether each aim is reached."""

import statistics

from verify.load import Sample

Samples = dict[tuple[str, int], list[Sample]]
CONNECTIONS = (1, 16, 64)
AIMS = [  # this, that, at so many connections, at least so many times as fast
    ("verify", "Django view", 64, 1.4),
    ("verify", "REST framework", 64, 18),
    ("verify", "Django view", 16, 1.0),
    ("verify", "REST framework", 16, 11),
    ("verify", "knox", 16, 10),
    ("verify", "former", 1, 1.0),
    ("garbage", "Django view", 16, 3),
    ("garbage", "Django view", 64, 3),
    ("tokens 1,000,000", "tokens 10,000", 16, 1 / 1.15),
]
SHARE = 2.5  # p99 / p50


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
    for name in [name for name in ("verify", "introspect", "former", "Django view") if (name, 64) in samples]:
        p50, p99 = ([getattr(each, which) for each in samples[name, 64]] for which in ("p50", "p99"))
        print(f"{name} at 64 connections: p50 {spread(p50, '.1f')} ms, p99 {spread(p99, '.1f')} ms")


def aims(samples: Samples) -> None:
    for this, that, connections, least in AIMS:
        if {(this, connections), (that, connections)} <= set(samples):
            values = ratios(samples, this, that, connections)
            words = f"{this} / {that} at {connections} = {spread(values, '.2f')}, aim {least:.2f}"
            said(statistics.median(values) >= least, words)
    share = [each.p99 / each.p50 for each in samples["verify", 64]]
    said(statistics.median(share) < SHARE, f"p99 / p50 of verify at 64 = {spread(share, '.2f')}, aim below {SHARE}")


def said(reached: bool, words: str) -> None:
    print(f"{'reached' if reached else 'MISSED'}: {words}", flush=True)
