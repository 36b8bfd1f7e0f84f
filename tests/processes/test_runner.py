"""What portal/processes.py promises about the processes that it starts: they live together and end together."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.processes.running import REPOSITORY, Program, until

RUNS_ON = "sqlite"


# "web" has a child of its own, as the real one has; "worker" is slow to stop.
SCRIPT = """
import sys
from portal import processes as runner
web = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
worker = '''
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), sys.exit(0)))
print("up", flush=True)
time.sleep(600)
'''
beat = {beat!r}
processes = {{name: [sys.executable, "-c", code] for name, code in (("web", web), ("worker", worker), ("beat", beat))}}
sys.exit(runner.run(processes, lambda: print("announced", flush=True)))
"""
SLEEP = "import time; time.sleep(600)"


def start(beat: str = SLEEP) -> Program:
    return Program([sys.executable, "-c", SCRIPT.format(beat=beat)], {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_whole_group_ends_all_processes_and_counts_as_a_clean_end(number: signal.Signals) -> None:
    with start() as program:
        program.wait_for("announced")
        program.wait_for("up")
        until(lambda: len(program.family()) >= 4, "family of three processes and a grandchild")
        program.interrupt(number)
        assert program.ends_with_all() == 0


def test_a_signal_to_the_runner_alone_ends_all_processes() -> None:
    with start() as program:
        program.wait_for("up")
        program.process.terminate()
        assert program.ends_with_all() == 0


def test_a_signal_in_the_middle_of_the_start_leaves_nothing_running() -> None:
    with start() as program:
        until(program.family, "first child")
        program.interrupt()
        assert program.ends_with_all() == 0
        assert "Traceback" not in program.output


def test_when_one_process_dies_the_others_end_and_the_run_says_so_with_its_status() -> None:
    with start(beat="import sys, time; time.sleep(1); sys.exit(3)") as program:
        program.wait_for("up")
        assert program.ends_with_all() == 3
        assert "beat has ended with status 3" in program.output


def test_a_process_that_ends_without_an_error_still_counts_as_a_failed_run() -> None:
    with start(beat="pass") as program:
        assert program.ends_with_all() == 1


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port()))
        listener.listen()
        yield listener.getsockname()[1]


def run_portal(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": "", "PORTAL_DATA_DIR": str(folder), **variables}
    command = [sys.executable, "manage.py", "run_portal"]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60)


def test_a_port_in_use_is_one_clear_line(busy_port: int, tmp_path: Path) -> None:
    result = run_portal(tmp_path, PORT=str(busy_port))
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"CommandError: Port {busy_port} is in use. Choose another, for example: PORT={busy_port + 1} make run"
    ]


def test_a_second_run_over_the_same_folder_is_refused_in_one_clear_line(tmp_path: Path) -> None:
    with (tmp_path / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run_portal(tmp_path, PORT=str(free_port()))
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"CommandError: Another instance of the portal is using {tmp_path}. Stop it, or set PORTAL_DATA_DIR."
    ]
