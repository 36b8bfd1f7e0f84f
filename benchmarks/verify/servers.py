"""What is measured, running: the portal by its own command, and the peers by granian's WSGI interface."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil

from portal import processes

ROOT = Path(__file__).parent.parent.parent
WORKERS = 2


def portal_command(port: int) -> list[str]:
    """As `run_portal` starts it."""
    return processes.commands(port, WORKERS)["web"]


def wsgi_command(port: int, application: str) -> list[str]:
    """Two workers of two threads, which is what the portal had as long as it was a WSGI application, and what serves Django best here."""
    words = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", str(WORKERS), "--http", "1"]
    return [sys.executable, "-m", *words, "--blocking-threads", "2", "--log-level", "warning", application]


def environment(database: str, folder: Path, root: Path = ROOT) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": database,
        "SECRET_KEY": "a key for the benchmark alone, of some length",
        "PORTAL_DATA_DIR": str(folder / "portal-data"),
        "ALLOWED_HOSTS": "127.0.0.1",
        "WRONG_TOKENS_A_MINUTE": "1000000",  # the refusals are measured, not the limit
        "REDIS_URL": "",
        "DEBUG": "",
        "PYTHONWARNINGS": "ignore:No directory at",  # the static files, which nobody asks for here
        "TRUSTED_PROXIES": "127.0.0.1",  # clients of many addresses, for the limits of sign-ins
        "PYTHONPATH": f"{root}{os.pathsep}{ROOT / 'benchmarks'}",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }


def manage(database: str, folder: Path, *words: str) -> str:
    """Runs Python on these words, in the portal's environment. Returns what it printed."""
    command = [sys.executable, *words]
    return subprocess.run(command, env=environment(database, folder), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A running web server. A context manager; `.url` is its address. `root`: the folder with its code.

    Raises RuntimeError when it does not start.
    """

    def __init__(self, command: Callable[[int], list[str]], database: str, folder: Path, root: Path = ROOT) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"server-{self.port}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command(self.port), env=environment(database, folder, root), cwd=root, stdout=log, stderr=log)

    def __enter__(self) -> "Server":
        if not processes.wait_until_it_answers(self.port):
            self.__exit__()
            raise RuntimeError(f"A server does not start: {self.log.read_text()[-2000:]}")
        return self

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.wait(30)

    def megabytes(self) -> list[float]:
        """Resident memory of each worker."""
        sizes = [child.memory_info().rss / 2**20 for child in psutil.Process(self.process.pid).children(recursive=True)]
        return sorted(sizes)[-WORKERS:]


def status(url: str, authorization: str, form: str | None = None) -> int:
    asked = urllib.request.Request(url, form.encode() if form else None, {"Authorization": authorization})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def settle(most: float = 20.0) -> None:
    """Last uses are written from 3 seconds after the requests on, and PostgreSQL cleans up after that: it shall not burden whoever is
    measured next. On a machine with other work there is an end to waiting."""
    ends = time.monotonic() + most
    time.sleep(3.5)
    while psutil.cpu_percent(1) > 10 and time.monotonic() < ends:
        pass
