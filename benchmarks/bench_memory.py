"""How much memory `make run` takes: the proportional set size (PSS) of each of its processes, and of all of them together.

PSS counts a page that several processes share in equal parts, so that the sum is what the machine gives up. Linux only.
"""

import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from portal import processes  # noqa: E402
from tests.ports import free_port  # noqa: E402

LIMIT_MB = 300
REQUESTS = 200  # pages load what they need at their first request


def pss(pid: int) -> float:
    """In MB."""
    line = next(line for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) / 1024


def measure(folder: str) -> float:
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": "", "PORTAL_DATA_DIR": folder, "PORT": str(port)}
    command = [sys.executable, "manage.py", "run_portal"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        try:
            if not processes.wait_until_it_answers(port):
                raise SystemExit("The portal does not answer.")
            for _ in range(REQUESTS):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/accounts/sign-in/").close()
            family = [psutil.Process(program.pid), *psutil.Process(program.pid).children(recursive=True)]
            sizes = {process.pid: pss(process.pid) for process in family}
            for process in family:
                print(f"{sizes[process.pid]:7.1f} MB  {' '.join(process.cmdline()[:5])[-90:]}")
        finally:
            program.terminate()
    return sum(sizes.values())


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        total = measure(folder)
    print(f"{total:7.1f} MB  in all: {total / LIMIT_MB:.2f} of the limit of {LIMIT_MB} MB")


if __name__ == "__main__":
    main()
