"""Starts the clients that starve a server, and the one that measures meanwhile, each as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SOON = 30  # seconds in which any of them ends that was told to
LONGEST = 180  # seconds that a measurement may take


@dataclass(frozen=True)
class Steady:
    """What the measuring client found: milliseconds, and the wrong responses by what came instead."""

    requests: int
    wrong: dict[str, int]
    p50: float
    p90: float
    p99: float
    longest: float


def start(module: str, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"tests.attacks.{module}", *map(str, words)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def begin(port: int, file: Path, seconds: float, rate: float = 200, connections: int = 8) -> subprocess.Popen[str]:
    """A measuring client that has begun. `file`: lines of a status and the token for which it must come. See `result`."""
    return start("steady_client", port, file, "--seconds", seconds, "--rate", rate, "--connections", connections)


def result(client: subprocess.Popen[str]) -> Steady:
    """Waits for the client's end. Raises TimeoutExpired."""
    try:
        text, _ = client.communicate(timeout=LONGEST)
    finally:
        client.kill()
    return Steady(**json.loads(text))


def stop(client: subprocess.Popen[str]) -> Steady:
    """Ends the measurement now."""
    client.terminate()
    return result(client)


def measure(port: int, file: Path, seconds: float, rate: float = 200, connections: int = 8) -> Steady:
    return result(begin(port, file, seconds, rate, connections))


@contextmanager
def attack(port: int, kind: str, count: int, seconds: float = 60, **more: str) -> Iterator[dict[str, int]]:
    """So many clients of a kind are at work in here, for `seconds` at most. After it the dictionary holds what they counted."""
    words = [word for name, value in more.items() for word in (f"--{name}", value)]
    process = start("starving_clients", port, kind, count, "--seconds", seconds, *words)
    counts: dict[str, Any] = {}
    try:
        assert process.stdout
        ready = process.stdout.readline()
        assert ready == "ready\n", f"{kind}: {ready}"
        yield counts
        process.terminate()
        text, _ = process.communicate(timeout=SOON)
        counts |= json.loads(text)
    finally:
        process.kill()
        process.wait()
