"""docs/gateways.md, "CORS": with the documented lines preflights pass to the service without a token, and nothing else does."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories import issue
from tests.gateway import from_wheels, gateways, running
from tests.gateway.forging import HYPHENS
from tests.gateway.gateways import GATEWAYS
from tests.gateway.upgrading_service import UpgradingService, ask
from tests.processes.running import REPOSITORY
from tests.processes.serving import Server

pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]
SECTION = (REPOSITORY / "docs/gateways.md").read_text().split("\n## CORS\n")[1].split("\n## ")[0]
BLOCKS = re.findall(r"```\w+\n(.*?)```", SECTION, re.DOTALL)
NGINX_MAP, NGINX_IF, CADDY, HAPROXY_VERIFY, HAPROXY_REMOVE, ENVOY, TRAEFIK = BLOCKS
PREFLIGHT = ("Origin: https://pages.example.com", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization")
# Gateway -> file, and what the documented lines come before (or, with True, in place of).
PLACES: dict[str, tuple[str, list[tuple[str, str, bool]]]] = {
    "nginx": ("nginx.conf", [(NGINX_MAP, "server {\n    listen", False), (NGINX_IF, "        internal;\n", False)]),
    "caddy": ("Caddyfile", [(CADDY, "\t\tforward_auth", False)]),
    "haproxy": (
        "haproxy.cfg",
        [
            (HAPROXY_VERIFY, "    http-request lua.verify\n", True),
            (HAPROXY_REMOVE, "    http-request set-header X-Forwarded-For", False),
        ],
    ),
    "envoy": ("envoy.yaml", [(ENVOY, "                        - match: { prefix: / }", False)]),
    "traefik": ("traefik.yml", [(TRAEFIK, "    websocket: #", False)]),
}


def documented(name: str, folder: Path) -> Path:
    """A copy of docs/gateway with the documented lines put in."""
    shutil.copytree(gateways.DOCUMENTED, folder / "documented")
    file, changes = PLACES[name]
    text = (folder / "documented" / file).read_text()
    for lines, place, replaces in changes:
        assert text.count(place) == 1
        text = text.replace(place, lines if replaces else lines + place)
    (folder / "documented" / file).write_text(text)
    return folder / "documented"


@pytest.fixture(scope="module")
def upgrading() -> Iterator[UpgradingService]:
    service = UpgradingService()
    yield service
    service.close()


@pytest.fixture(params=GATEWAYS)
def port(
    request: pytest.FixtureRequest, portal: Server, upgrading: UpgradingService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[int]:
    folder = documented(request.param, tmp_path)
    for module in (gateways, from_wheels):
        monkeypatch.setattr(module, "DOCUMENTED", folder)
    monkeypatch.setattr(running, "CONFIGURATION", folder / "nginx.conf")
    with gateways.running(GATEWAYS[request.param], tmp_path, portal.port, upgrading.port) as port:
        yield port


def test_only_a_preflight_passes_without_a_token(port: int, upgrading: UpgradingService) -> None:
    def status(method: str, token: str | None, *lines: str) -> int:
        connection, response = ask(port, token, *lines, method=method)
        connection.close()
        return response.status

    before = upgrading.count
    assert status("OPTIONS", None, *PREFLIGHT, *HYPHENS, "X_Auth_User: root") == 200
    assert upgrading.count == before + 1
    assert not [value for name, value in upgrading.headers.items() if name.lower().replace("_", "-").startswith("x-auth") and value]
    for method, lines in (("OPTIONS", PREFLIGHT[:1]), ("GET", PREFLIGHT), ("POST", PREFLIGHT)):
        assert status(method, None, *lines) == 401
    assert upgrading.count == before + 1
    assert status("OPTIONS", issue()[1]) == 200
    assert status("POST", issue()[1], *PREFLIGHT) == 200
    assert upgrading.headers["X-Auth-Role"] == "user"
