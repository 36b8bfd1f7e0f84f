"""Envoy and Traefik as documented in docs/gateway/: their programs come from wheels, in .venv-bench (requirements-bench.txt)."""

from pathlib import Path

from tests.gateway.running import replaced
from tests.ports import free_port
from tests.processes.running import REPOSITORY, Program
from tests.services import installed

DOCUMENTED = REPOSITORY / "docs/gateway"
STATIC = """
entryPoints: {{ clients: {{ address: "127.0.0.1:{port}" }} }}
providers: {{ file: {{ filename: {folder}/service.yml, watch: false }} }}
log: {{ level: WARN }}
global: {{ checkNewVersion: false, sendAnonymousUsage: false }}
"""


def envoy(folder: Path, portal_port: int, service_port: int) -> tuple[Program, int]:
    port = free_port()
    changes = {
        "port_value: 8000": f"port_value: {portal_port}",
        "port_value: 9000": f"port_value: {service_port}",
        "0.0.0.0, port_value: 8080": f"127.0.0.1, port_value: {port}",
    }
    (folder / "envoy.yaml").write_text(replaced((DOCUMENTED / "envoy.yaml").read_text(), changes))
    command = [installed("envoy"), "--config-path", str(folder / "envoy.yaml"), "--concurrency", "1", "--disable-hot-restart"]
    return Program([*command, "--log-level", "warning"], {"PATH": "/usr/bin:/bin"}, folder), port


def traefik(folder: Path, portal_port: int, service_port: int) -> tuple[Program, int]:
    port = free_port()
    changes = {
        "portal:8000": f"127.0.0.1:{portal_port}",
        "//service:9000": f"//127.0.0.1:{service_port}",
        "service.example.com": "127.0.0.1",
    }
    (folder / "service.yml").write_text(replaced((DOCUMENTED / "traefik.yml").read_text(), changes))
    (folder / "traefik.yml").write_text(STATIC.format(port=port, folder=folder))
    command = [installed("traefik"), f"--configFile={folder}/traefik.yml"]
    return Program(command, {"PATH": "/usr/bin:/bin", "HOME": str(folder)}, folder), port
