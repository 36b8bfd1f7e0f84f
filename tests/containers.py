"""Reads Dockerfile and docker-compose.yml the way that Docker does, as far as the two use its language."""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from tests.processes.running import REPOSITORY

VARIABLE = re.compile(r"\$\$|\$\{(?P<name>[A-Z_]+)(?::(?P<kind>[-?])(?P<word>[^{}$]*))?\}")


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """Compose's `$$`, `${NAME}`, `${NAME:-default}` and `${NAME:?what to do}`; KeyError with the last one's words. A variable within a
    default is not understood, as in Compose before 2.0."""

    def value(found: re.Match[str]) -> str:
        if found["name"] is None:
            return "$"
        if given := variables.get(found["name"]):
            return given
        if found["kind"] == "?":
            raise KeyError(found["word"])
        return found["word"] or ""

    assert "${" not in VARIABLE.sub("", text), f"not understood: {text}"
    return VARIABLE.sub(value, text)


def compose(variables: Mapping[str, str], file: str = "docker-compose.yml") -> dict[str, Any]:
    """docker-compose.yml, or a file to be merged into it, with every variable in it replaced."""

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: walk(value) for name, value in node.items()}
        if isinstance(node, list):
            return [walk(value) for value in node]
        return interpolate(node, variables) if isinstance(node, str) else node

    return walk(yaml.safe_load((REPOSITORY / file).read_text()))


def dockerfile() -> list[list[tuple[str, str]]]:
    """The stages of the Dockerfile, each a list of (instruction, arguments)."""
    text = re.sub(r"^#.*\n", "", (REPOSITORY / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    stages: list[list[tuple[str, str]]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        instruction, arguments = line.split(maxsplit=1)
        if instruction == "FROM":
            stages.append([])
        stages[-1].append((instruction, arguments))
    return stages


def image_command() -> list[str]:
    return json.loads(dict(dockerfile()[-1])["CMD"])


def image_healthcheck() -> list[str]:
    return json.loads(dict(dockerfile()[-1])["HEALTHCHECK"].split("CMD", 1)[1])


def image_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for instruction, words in dockerfile()[-1] if instruction == "ENV" for pair in words.split())
