"""What tests of the second tier take from npm is pinned, and installs from any registry."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.node import NPM, npm_packages, run_node

RUNS_ON = "postgres"
FOLDERS = sorted(file.parent for file in NPM.glob("*/package.json"))


def lock_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "package-lock.json").read_text())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_package_is_pinned_with_its_hash_and_without_a_registry(folder: Path) -> None:
    named = json.loads((folder / "package.json").read_text())["dependencies"]
    packages = lock_of(folder)["packages"]
    own = packages.pop("")
    assert own["dependencies"] == named
    assert {name: packages[f"node_modules/{name}"]["version"] for name in named} == named
    assert [path for path, package in packages.items() if "resolved" in package or "integrity" not in package] == []


@pytest.mark.field
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_folder_installs(folder: Path) -> None:
    installed = npm_packages(folder.name)
    assert npm_packages(folder.name) == installed
    for name in json.loads((folder / "package.json").read_text())["dependencies"]:
        assert (installed / "node_modules" / name / "package.json").is_file()
    assert run_node(["--print", "6 * 7"], installed).stdout == "42\n"
