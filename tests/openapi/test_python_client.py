"""openapi-python-client makes a client of the document without a warning; it calls every operation, and its types are right."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.openapi.calls import never_called, program_environment
from tests.processes.running import REPOSITORY
from tests.processes.serving import Server
from tests.services import missing

RUNS_ON = "postgres"
pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]

PROGRAMS = REPOSITORY / ".venv-bench/bin"


def run(folder: Path, *command: str, **environment: str) -> str:
    """What the command prints."""
    kept = {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", **environment}
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_generated_client_calls_every_operation(portal: Server, document: Path, tmp_path: Path) -> None:
    if not (PROGRAMS / "openapi-python-client").exists():
        missing("openapi-python-client (requirements-bench.txt in .venv-bench)")
    # The generator would have ruff improve the client, and the present ruff changes types in it so that they are wrong (PYI036).
    (tmp_path / "generator.yaml").write_text("post_hooks: []\n")
    generate = ["openapi-python-client", "generate", "--path", str(document), "--output-path", "portal_client"]
    run(tmp_path, *generate, "--meta", "none", "--config", "generator.yaml", "--fail-on-warning")
    program = Path(shutil.copy(Path(__file__).parent / "python_program.py", tmp_path))
    printed = run(tmp_path, "python", program.name, **program_environment(portal))
    assert never_called(document, printed) == set()
    run(tmp_path, "python", "-m", "mypy", "--strict", "portal_client", program.name)
