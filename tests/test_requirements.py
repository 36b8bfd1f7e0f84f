"""The lock files: what the tests run with is what production installs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,_-]+\])?==(\S+)", re.MULTILINE)


def pinned(name: str) -> dict[str, str]:
    found = dict(PINNED.findall((ROOT / name).read_text()))
    assert len(found) > 30
    return found


@pytest.mark.parametrize("name", ["requirements-dev.txt", "requirements-bench.txt"])
def test_versions_are_those_of_production(name: str) -> None:
    production, theirs = pinned("requirements.txt"), pinned(name)
    assert {package: theirs.get(package) for package in production} == production
