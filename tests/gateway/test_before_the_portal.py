"""docs/gateways.md, "TLS in front of the portal": no client chooses the address or the scheme that the portal believes."""

from pathlib import Path

import pytest

from tests.gateway.gateways import Start, running, start_apache, start_caddy, start_haproxy
from tests.gateway.running import replaced
from tests.gateway.wsgi_service import CLIENT, WSGIService, send
from tests.ports import free_port
from tests.processes.running import REPOSITORY, Program

pytestmark = pytest.mark.field
SECTION = (REPOSITORY / "docs/gateways.md").read_text().split("\n## TLS in front of the portal\n")[1].split("\n## ")[0]
CADDY, HAPROXY, APACHE = (block.lstrip("\n") for block in SECTION.split("```")[1::2])
# What the documented lines stand in. Without TLS, which changes nothing about the headers.
AROUND_HAPROXY = """defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend clients
    bind 127.0.0.1:{port}
{lines}
    default_backend service
backend service
    server service 127.0.0.1:{portal_port}
"""
FORGED = (
    ("X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 203.0.113.10", "X-Forwarded-Proto: gopher", "X-Forwarded-Proto: gopher"),
    ("x_forwarded_for: 203.0.113.9", "X_Forwarded-For: 203.0.113.9", "X-Forwarded_For: 203.0.113.9"),
    ("x_forwarded_proto: gopher", "X_Forwarded-Proto: gopher", "X-Forwarded_Proto: gopher"),
    ("Connection: X-Forwarded-For, X-Forwarded-Proto", "X_Forwarded_For: 203.0.113.9", "X_Forwarded_Proto: gopher"),
)


def caddy(folder: Path, _: int, portal_port: int) -> tuple[Program, int]:
    port = free_port()
    changes = {"portal.example.com": f"http://127.0.0.1:{port}", "127.0.0.1:8000": f"127.0.0.1:{portal_port}"}
    return start_caddy(folder, replaced(CADDY, changes)), port


def haproxy(folder: Path, _: int, portal_port: int) -> tuple[Program, int]:
    port = free_port()
    return start_haproxy(folder, AROUND_HAPROXY.format(port=port, lines=HAPROXY, portal_port=portal_port)), port


def apache(folder: Path, _: int, portal_port: int) -> tuple[Program, int]:
    port = free_port()
    lines = replaced(APACHE, {"127.0.0.1:8000": f"127.0.0.1:{portal_port}"})
    return start_apache(folder, f"<VirtualHost 127.0.0.1:{port}>\n{lines}</VirtualHost>\n", port), port


@pytest.mark.parametrize("start", [caddy, haproxy, apache])
def test_the_portal_sees_the_proxys_words_alone(start: Start, service: WSGIService, tmp_path: Path) -> None:
    with running(start, tmp_path, 0, service.port) as port:
        for lines in FORGED:
            seen = send(port, None, lines).seen
            assert seen["HTTP_X_FORWARDED_FOR"] == CLIENT
            assert seen.get("HTTP_X_FORWARDED_PROTO") in schemes(start, lines)


def schemes(start: Start, lines: tuple[str, ...]) -> set[str | None]:
    """Caddy is without TLS here, and says so. Apache obeys a client that does not want its scheme told, which harms that client alone."""
    if start is caddy:
        return {"http"}
    return {"https", None} if start is apache and lines[0].startswith("Connection") else {"https"}
