"""Caddy, HAProxy and Apache as documented in docs/gateway/: nothing is changed but addresses and file names."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.gateway.from_wheels import envoy, traefik
from tests.gateway.running import nginx, replaced
from tests.gateway.wsgi_service import send
from tests.ports import free_port
from tests.processes.running import REPOSITORY, Program, until
from tests.services import installed

DOCUMENTED = REPOSITORY / "docs/gateway"
PATH = "/usr/sbin:/usr/bin:/bin"
APACHE = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
ServerName localhost
PidFile {folder}/apache.pid
ErrorLog /dev/stderr
Listen 127.0.0.1:{port}
{modules}
Include {folder}/service.conf
"""
MODULES = ("mpm_event", "authz_core", "headers", "proxy", "proxy_http")

Start = Callable[[Path, int, int], tuple[Program, int]]


def caddy(folder: Path, portal_port: int, service_port: int) -> tuple[Program, int]:
    port = free_port()
    changes = {
        "127.0.0.1:8000": f"127.0.0.1:{portal_port}",
        "127.0.0.1:9000": f"127.0.0.1:{service_port}",
        "\nservice.example.com": f"\nhttp://127.0.0.1:{port}",
    }
    return start_caddy(folder, replaced((DOCUMENTED / "Caddyfile").read_text(), changes)), port


def start_caddy(folder: Path, sites: str) -> Program:
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\n" + sites)
    command = [installed("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    return Program(command, {"PATH": PATH, "HOME": str(folder)}, folder)


def haproxy(folder: Path, portal_port: int, service_port: int, **script: str) -> tuple[Program, int]:
    """`script`: further changes in verify.lua."""
    port = free_port()
    changes = {
        "/etc/haproxy/": f"{folder}/",
        "service 127.0.0.1:9000": f"service 127.0.0.1:{service_port}",
        "bind :8080": f"bind 127.0.0.1:{port}",
    }
    script = replaced((DOCUMENTED / "verify.lua").read_text(), {"127.0.0.1:8000": f"127.0.0.1:{portal_port}", **script})
    (folder / "verify.lua").write_text(script)
    return start_haproxy(folder, replaced((DOCUMENTED / "haproxy.cfg").read_text(), changes)), port


def start_haproxy(folder: Path, configuration: str) -> Program:
    (folder / "haproxy.cfg").write_text(configuration)
    return Program([installed("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")], {"PATH": PATH}, folder)


def apache(folder: Path, _portal_port: int, service_port: int) -> tuple[Program, int]:
    port = free_port()
    changes = {"http://127.0.0.1:9000": f"http://127.0.0.1:{service_port}", "*:8080": f"127.0.0.1:{port}"}
    return start_apache(folder, replaced((DOCUMENTED / "apache.conf").read_text(), changes), port), port


def start_apache(folder: Path, host: str, port: int) -> Program:
    """`-X`: one process in the foreground, which stays with the user who starts it."""
    (folder / "service.conf").write_text(host)
    modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES)
    (folder / "apache.conf").write_text(APACHE.format(folder=folder, port=port, modules=modules))
    return Program([installed("apache2"), "-X", "-f", str(folder / "apache.conf")], {"PATH": PATH}, folder)


GATEWAYS: dict[str, Start] = {"nginx": nginx, "caddy": caddy, "haproxy": haproxy, "envoy": envoy, "traefik": traefik}


@contextmanager
def running(start: Start, folder: Path, portal_port: int, service_port: int) -> Iterator[int]:
    """The gateway's port, once it answers. Tried again where somebody else took the free port before the gateway did."""
    for _ in range(3):
        program, port = start(folder, portal_port, service_port)
        with program:
            until(lambda: ended(program) or answers(port), lambda: f"answer of the gateway:\n{program.output}")  # noqa: B023 (used at once)
            if not ended(program):
                yield port
                return
    pytest.fail(f"ended three times, at last with:\n{program.output}")


def ended(program: Program) -> bool:
    return program.process.poll() is not None


def answers(port: int) -> bool:
    """401: the portal was asked; 200: Apache passes everything on; 503: a script that a test has broken."""
    with suppress(OSError):
        return send(port, None).status in (200, 401, 503)
    return False
