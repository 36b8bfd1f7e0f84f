"""The embedded run's processes: web server, Celery worker and beat under one supervisor, for `manage.py run_portal`.

honcho starts each in a session of its own and ends whole process groups, so that nothing outlives the run. Here are added
what it lacks: a signal during the start, a terminal that is closed, and the address once the server really answers.
"""

import os
import shlex
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from honcho.manager import Manager

STOPPED_BY_SIGNAL = {128 + signal.SIGINT, 128 + signal.SIGTERM}


def commands(port: int, web_workers: int) -> dict[str, list[str]]:
    """Name -> command line of each process."""
    python = [sys.executable, "-m"]
    web = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", str(web_workers)]
    # HTTP/2 with prior knowledge, which no proxy speaks to us: a stream that is closed before its body never frees its thread.
    web += ["--http", "1"]
    # Two threads: while one waits for the database, the other answers. More of them only wait for each other (docs/benchmarks.md).
    # A browser keeps connections open; the server waits for them no longer than this when it is told to stop.
    web += ["--blocking-threads", "2", "--workers-kill-timeout", "3", "--log-level", "warning", "portal.wsgi:application"]
    celery = ["celery", "--quiet", "--app", "portal"]
    return {
        "web": python + web,
        "worker": [*python, *celery, "worker", "--pool", "solo", "--without-gossip", "--without-mingle", "--without-heartbeat"],
        "beat": [*python, *celery, "beat"],
    }


class Supervisor(Manager):
    def __init__(self, on_start: Callable[[], None]) -> None:
        super().__init__()
        self.on_start = on_start
        self.stop_asked = False

    def _start(self) -> None:
        super()._start()
        # A thread may only begin after the forks above: a fork copies locks that another thread holds.
        threading.Thread(target=self.on_start, daemon=True).start()

    def terminate(self) -> None:
        # honcho raises KeyError, and leaves its children, if a signal comes before it knows all their process ids.
        self.stop_asked = True
        if super()._all_started():
            super().terminate()

    def _all_started(self) -> bool:
        started = super()._all_started()
        if started and self.stop_asked:
            super().terminate()
        return started


def run(processes: dict[str, list[str]], folder: str, on_start: Callable[[], None]) -> int:
    """Runs the processes until a signal comes or one of them ends. Returns an exit status: 0 when a signal ended it."""
    supervisor = Supervisor(on_start)
    # Celery says at length that it runs as root, which in a container it may.
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore:You're running the worker"}
    for name, command in processes.items():
        # exec: the shell that honcho starts becomes the process, so that its signals arrive there.
        supervisor.add_process(name, "exec " + shlex.join(command), env=environment, cwd=folder)
    # A terminal that is closed ends the run like Ctrl-C does; honcho knows only SIGINT and SIGTERM.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    supervisor.loop()
    return 0 if supervisor.returncode in STOPPED_BY_SIGNAL else supervisor.returncode or 1


def wait_until_it_answers(url: str, seconds: float = 60) -> bool:
    """Whether something below status 500 came from `url` in time. A host name that is not allowed is an answer too."""
    end = time.monotonic() + seconds
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < end:
        try:
            opener.open(url, timeout=5).close()
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return True
        except OSError:
            pass
        else:
            return True
        time.sleep(0.1)
    return False
