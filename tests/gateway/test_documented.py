"""docs/gateways.md: each configuration takes away and sets exactly the headers that /verify answers with."""

import re

import pytest
import yaml

from tests.api.asking import verify
from tests.factories import issue
from tests.gateway.running import CONFIGURATION
from tests.processes.running import REPOSITORY

GUIDE = (REPOSITORY / "docs/gateways.md").read_text()


@pytest.fixture
def headers(db: None) -> set[str]:
    return {name for name in verify(issue()[1]).headers if name.startswith("X-")}


def block(title: str) -> str:
    """The code under a heading."""
    return GUIDE.split(f"\n## {title}\n")[1].split("```")[1].split("\n", 1)[1]


def test_nginx_replaces_each_header(headers: set[str]) -> None:
    text = CONFIGURATION.read_text()
    assert set(re.findall(r"proxy_set_header (X-Auth-\S+) \$auth_", text)) == headers
    variables = {f"$upstream_http_{name.lower().replace('-', '_')}" for name in headers}
    assert variables <= set(re.findall(r"\$upstream_http_\w+", text))


def test_traefik_removes_each_header_and_then_sets_it(headers: set[str]) -> None:
    http = yaml.safe_load(block("Traefik"))["http"]
    names = http["routers"]["service"]["middlewares"]
    first, second = (http["middlewares"][name] for name in names[:2])
    removed = first["headers"]["customRequestHeaders"]
    assert headers <= set(removed)
    assert set(removed.values()) == {""}
    assert set(second["forwardAuth"]["authResponseHeaders"]) == headers
    assert set(names) == set(http["middlewares"])


def test_caddy_removes_each_header_and_then_copies_it(headers: set[str]) -> None:
    before, after = block("Caddy").split("forward_auth", 1)
    assert set(re.findall(r"request_header -(X-\S+)", before)) == headers
    assert set(re.search(r"copy_headers (.+)", after)[1].split()) == headers
    assert "\troute {" in before


def test_the_guide_lists_each_header_and_each_status(headers: set[str]) -> None:
    table = GUIDE.split("| Answer")[1].split("\n\n")[0]
    assert set(re.findall(r"X-Auth-[A-Za-z-]+", table)) == headers
    assert re.findall(r"^\| (\d+) ", table, re.MULTILINE) == ["204", "401", "400", "429", "503"]
