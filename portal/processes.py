"""Runs the web server and the Celery worker as one program in the foreground: `manage.py run_portal` becomes this.

It is run by its path, as a script: what the package `portal` imports would only wait in memory.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

STOP_SECONDS = 10
APPLICATION = "portal.asgi:application"
LOG_CONFIG = os.path.join(os.path.dirname(__file__), "granian.json")  # noqa: PTH118, PTH120  # pathlib would stay in memory
# HTTP/2 with prior knowledge is what no proxy speaks to us. Each worker keeps as many connections as clients may leave open.
SERVER = ["--interface", "asginl", "--loop", "uvloop", "--http", "1", "--no-ws", "--backlog", "4096", "--backpressure", "4096"]
SERVER += ["--log-config", LOG_CONFIG]


def commands(port: int, web_workers: int) -> dict[str, list[str]]:
    """Name -> command line of each process."""
    python = [sys.executable, "-m"]
    web = ["granian", *SERVER, "--host", "127.0.0.1", "--port", str(port), "--workers", str(web_workers)]
    # A browser keeps connections open; the server waits for them no longer than this when it has to stop.
    web += ["--workers-kill-timeout", "3", "--log-level", "warning", APPLICATION]
    # --pool solo: SQLite has one writer, so that a second process would wait more than work. --beat: this worker is the only one.
    worker = ["celery", "--quiet", "--app", "portal", "worker", "--pool", "solo", "--beat"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return {"web": python + web, "worker": python + worker}


def run(processes: dict[str, list[str]], on_start: Callable[[], None]) -> int:
    """Runs the commands until a signal comes or one of them ends, then ends them all.

    Returns an exit status: 0 after a signal, else that of the process that ended, and 1 if that was 0.
    """
    signals: SimpleQueue[int] = SimpleQueue()
    # Before the first process is started: a signal during the start waits in the queue. SIGHUP: the terminal was closed.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda number, frame: signals.put(number))
    running = {name: start(command) for name, command in processes.items()}
    width = max(map(len, running))
    relays = [threading.Thread(target=relay, args=(name.ljust(width), process)) for name, process in running.items()]
    for thread in [*relays, threading.Thread(target=on_start, daemon=True)]:
        thread.start()
    status = wait(signals, running)
    stop(list(running.values()))
    for thread in relays:
        thread.join()
    return status


def start(command: list[str]) -> subprocess.Popen[str]:
    """In a session of its own: Ctrl-C arrives here alone, and what the process starts can be ended with it."""
    # Celery says at length that it runs as root, which in a container it may.
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore:You're running the worker"}
    return subprocess.Popen(
        command,
        env=environment,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def relay(name: str, process: subprocess.Popen[str]) -> None:
    """Prints the process's output line by line until it and all that it started have closed it."""
    assert process.stdout
    for line in process.stdout:
        with suppress(OSError):  # the terminal is closed: SIGHUP ends the run
            say(line, name)


def say(line: str, name: str = "") -> None:
    """Prints a line with its process's name; off a terminal as JSON, like the portal's log, unless that is what it is already."""
    line = line.strip()
    if sys.stdout.isatty():
        print(f"{time.strftime('%H:%M:%S')} {name} | {line}" if name else f"\n{line}\n", flush=True)
    elif is_json(line):
        print(line, flush=True)
    elif line:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        print(json.dumps({"event": line, "logger": name.strip() or "runner", "level": "info", "timestamp": now}), flush=True)


def is_json(line: str) -> bool:
    with suppress(ValueError):
        return isinstance(json.loads(line), dict)
    return False


def wait(signals: SimpleQueue[int], running: dict[str, subprocess.Popen[str]]) -> int:
    while signals.get() == signal.SIGCHLD:
        for name, process in running.items():
            status = process.poll()
            if status is not None:
                say(f"{name} has ended with status {status}; the run ends with it")
                return 128 - status if status < 0 else status or 1
    return 0


def stop(processes: list[subprocess.Popen[str]]) -> None:
    """Lets each end what it is doing, for a while; what is left of it and its children after that is killed."""
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        process.terminate()
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_it_answers(port: int, seconds: float = 60) -> bool:
    """Whether the web server gave an HTTP response below status 500 in time. A host name that is not allowed is one too."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        # By hand: http.client alone would double this process's memory.
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            if connection.recv(12)[9:10] in (b"2", b"3", b"4"):
                return True
        time.sleep(0.1)
    return False


def main(port: int, web_workers: int, name: str) -> int:
    def announce() -> None:
        if wait_until_it_answers(port):
            say(f"{name} is running on http://127.0.0.1:{port} - Ctrl-C stops it")

    return run(commands(port, web_workers), announce)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
