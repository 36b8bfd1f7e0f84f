"""Each benchmark runs from its start to its end, with few tokens: the figures say nothing, but none of them breaks unnoticed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.services import missing

RUNS_ON = "postgres"
REPOSITORY = Path(__file__).resolve().parent.parent
WITH_PEERS = REPOSITORY / ".venv-bench/bin/python"

pytestmark = pytest.mark.field


def printed(python: Path | str, script: str, *words: str) -> str:
    """What a benchmark prints, of which a process that failed has too little. It knows nothing of the tests' own environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_", "TEST_"))}
    command = [str(python), f"benchmarks/{script}", *words]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_the_lists() -> None:
    found = printed(sys.executable, "bench_lists.py", "--scale", "0.001", "--rounds", "1")
    assert "/access-control/user-tokens/?sort=user" in found


def test_the_first_visit_of_any_page_stays_below_120_kb() -> None:
    assert "/access-control/user-tokens/" in printed(sys.executable, "page_weights.py")


def test_the_scan() -> None:
    found = printed(sys.executable, "bench_scan.py", "--scale", "0.001", "--repeats", "1", "--sample", "5")
    assert "repeated scan, 10% due:" in found
    assert "SQLite" in found


def test_verification_beside_its_peers_and_under_attack() -> None:
    if shutil.which("wrk") is None:
        missing("wrk")
    if not WITH_PEERS.exists():
        missing("requirements-bench.txt in .venv-bench")
    found = printed(WITH_PEERS, "bench_verify.py", "--scale", "0.002", "--rounds", "1", "--seconds", "1")
    assert "memory of each worker" in found
    assert "verify / knox at 16 =" in found
    assert "tokens 1,000,000 / tokens 10,000 at 16 =" in found
    for attack in (
        "none",
        "500 slow bodies",
        "900 idle connections",
        "12 wrong sign-ins",
        "8 of the heaviest page",
        "a bulk revocation",
        "a scan",
    ):
        assert f": {attack}: p99" in found


def test_the_audit_trail() -> None:
    found = printed(sys.executable, "bench_audit.py", "--seconds", "1", "--rounds", "1", "--entries", "2000", "--port", str(free_port()))
    assert "/verify   p99: quiet" in found
    assert "verified " in found


def test_the_memory_of_make_run() -> None:
    assert "of the limit of 300 MB" in printed(sys.executable, "bench_memory.py")
