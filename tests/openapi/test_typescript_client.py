"""openapi-typescript makes types of the document; with openapi-fetch they call every operation, and TypeScript accepts the whole."""

import json
import shutil
from pathlib import Path

import pytest

from tests.node import npm_packages, run_node
from tests.openapi.calls import never_called, program_environment
from tests.processes.serving import Server

RUNS_ON = "postgres"
pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]

GENERATOR = "node_modules/openapi-typescript/bin/cli.js"
COMPILER = "node_modules/typescript/bin/tsc"
OPTIONS = {
    "strict": True,
    "noUncheckedIndexedAccess": True,
    "target": "es2022",
    "module": "nodenext",
    "lib": ["es2022", "dom", "dom.iterable"],
    "types": ["node"],
}


def run(folder: Path, *words: str | Path, **environment: str) -> str:
    done = run_node(words, folder, **environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_generated_client_calls_every_operation(portal: Server, document: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(npm_packages("openapi") / "node_modules")
    (tmp_path / "package.json").write_text(json.dumps({"type": "module"}))
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS, "files": ["typescript_program.ts"]}))
    shutil.copy(Path(__file__).parent / "typescript_program.ts", tmp_path)
    run(tmp_path, GENERATOR, document, "--output", "schema.d.ts")
    run(tmp_path, COMPILER)  # it checks the types, and writes the program as JavaScript
    printed = run(tmp_path, "typescript_program.js", **program_environment(portal))
    assert never_called(document, printed) == set()
