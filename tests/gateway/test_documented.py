"""docs/gateways.md: each configuration takes away and sets exactly the headers that /verify answers with."""

import re
from itertools import product

import pytest
import yaml

from tests.api.asgi_client import verify
from tests.factories import issue
from tests.gateway.gateways import DOCUMENTED
from tests.processes.running import REPOSITORY

GUIDE = (REPOSITORY / "docs/gateways.md").read_text()


@pytest.fixture
def headers(db: None) -> set[str]:
    return {name.title() for name in verify(issue()[1]).headers if name.lower().startswith("x-")}


def documented(name: str) -> str:
    return (DOCUMENTED / name).read_text()


def spellings(headers: set[str]) -> set[str]:
    """Each way to write these names with hyphens and underscores."""
    return {name for header in headers for name in map("".join, product(*(("-", "_") if c == "-" else (c,) for c in header)))}


def test_nginx_replaces_each_header(headers: set[str]) -> None:
    text = documented("nginx.conf")
    assert set(re.findall(r"proxy_set_header (X-Auth-\S+) \$auth_", text)) == headers
    variables = {f"$upstream_http_{name.lower().replace('-', '_')}" for name in headers}
    assert variables <= set(re.findall(r"\$upstream_http_\w+", text))


def test_traefik_removes_each_spelling_and_connection_and_then_sets_the_headers(headers: set[str]) -> None:
    http = yaml.safe_load(documented("traefik.yml"))["http"]
    used = set()
    for router, connection in (("service", ""), ("websocket", "Upgrade")):
        names = http["routers"][router]["middlewares"]
        first, second, third = (http["middlewares"][name] for name in names[:3])
        removed = first["headers"]["customRequestHeaders"]
        assert set(removed) == spellings(headers)
        assert set(removed.values()) == {""}
        assert second["headers"]["customRequestHeaders"] == {"Connection": connection}
        assert set(third["forwardAuth"]["authResponseHeaders"]) == headers
        used |= set(names)
    assert used == set(http["middlewares"])


def test_envoy_sets_each_header(headers: set[str]) -> None:
    found = re.findall(r"\{ exact: (x-auth-[\w-]+), ignore_case: true \}", documented("envoy.yaml"))
    assert set(found) == {name.lower() for name in headers}


def test_caddy_copies_each_header_and_sets_it_again_for_the_service(headers: set[str]) -> None:
    before, after = documented("Caddyfile").split("forward_auth", 1)
    assert set(re.search(r"copy_headers (.+)", after)[1].split()) == headers
    assert set(re.findall(r"header_up (X-\S+) \{http\.request\.header\.\1\}", after.split("reverse_proxy")[1])) == headers
    assert "\troute {" in before


def test_haproxy_sets_each_header(headers: set[str]) -> None:
    found = re.findall(r"set-header (X-Auth-\S+) %\[var\(txn\.(\w+)\)\]", documented("haproxy.cfg"))
    assert dict(found) == {name: name.lower().replace("-", "_") for name in headers}
    assert {name.lower() for name in headers} == set(re.findall(r'"(x-auth-\S+)"', documented("verify.lua")))


def test_apache_removes_each_spelling(headers: set[str]) -> None:
    assert set(re.findall(r"RequestHeader unset (X.Auth\S+)", documented("apache.conf"))) == spellings(headers)


def test_the_kubernetes_resources_name_each_header(headers: set[str]) -> None:
    policy, clients, route, ingress = yaml.safe_load_all(documented("kubernetes.yaml"))
    assert {policy["kind"], clients["kind"], route["kind"]} == {"SecurityPolicy", "ClientTrafficPolicy", "HTTPRoute"}
    assert set(policy["spec"]["extAuth"]["http"]["headersToBackend"]) == {name.lower() for name in headers}
    assert policy["spec"]["extAuth"]["failOpen"] is False
    assert clients["spec"]["headers"]["withUnderscoresAction"] == "DropHeader"
    prefix = "nginx.ingress.kubernetes.io/"
    annotations = {name.removeprefix(prefix): value for name, value in ingress["metadata"]["annotations"].items()}
    assert set(annotations["auth-response-headers"].split(",")) == headers
    assert annotations["auth-url"].endswith(":8000/verify")
    assert all(isinstance(value, str) for value in annotations.values())


def test_the_guide_lists_each_header_and_each_status(headers: set[str]) -> None:
    table = GUIDE.split("| Answer")[1].split("\n\n")[0]
    assert set(re.findall(r"X-Auth-[A-Za-z-]+", table)) == headers
    assert re.findall(r"^\| (\d+) ", table, re.MULTILINE) == ["204", "401", "400", "429", "503"]
