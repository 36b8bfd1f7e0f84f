"""The document is clean under the default rules of the two common linters: neither an error nor a warning."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.node import npm_packages, run_node

RUNS_ON = "postgres"
pytestmark = pytest.mark.field

REDOCLY = "node_modules/@redocly/cli/bin/cli.js"
SPECTRAL = "node_modules/@stoplight/spectral-cli/dist/index.js"
SILENT = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


@pytest.fixture(scope="module")
def packages() -> Path:
    return npm_packages("openapi")


@pytest.fixture
def worse(document: Path, tmp_path: Path) -> Path:
    """The document without its servers and with a tag that is not described."""
    whole: dict[str, Any] = json.loads(document.read_text())
    whole["servers"] = []
    whole["paths"]["/verify"]["get"]["tags"] = ["nowhere"]
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(whole))
    return file


def redocly(packages: Path, document: Path) -> list[str]:
    """The rules of redocly's that the document breaks."""
    done = run_node([packages / REDOCLY, "lint", "--extends", "recommended", "--format", "json", document], document.parent, **SILENT)
    return [problem["ruleId"] for problem in json.loads(done.stdout)["problems"]]


def spectral(packages: Path, document: Path, folder: Path) -> list[str]:
    """The rules of spectral:oas that the document breaks."""
    rules = folder / "spectral.yaml"
    rules.write_text("extends: ['spectral:oas']\n")
    done = run_node([packages / SPECTRAL, "lint", "--ruleset", rules, "--format", "json", "--quiet", document], folder)
    return [problem["code"] for problem in json.loads(done.stdout)]


def test_redocly_finds_nothing(packages: Path, document: Path) -> None:
    assert redocly(packages, document) == []


def test_redocly_would_find_something(packages: Path, worse: Path) -> None:
    assert "no-empty-servers" in redocly(packages, worse)


def test_spectral_finds_nothing(packages: Path, document: Path, tmp_path: Path) -> None:
    assert spectral(packages, document, tmp_path) == []


def test_spectral_would_find_something(packages: Path, worse: Path, tmp_path: Path) -> None:
    assert {"oas3-api-servers", "operation-tag-defined"} <= set(spectral(packages, worse, tmp_path))
