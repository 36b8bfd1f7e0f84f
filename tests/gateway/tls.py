"""docs/operations.md's configuration in a real nginx: https in front of a portal."""

import re
import subprocess
from pathlib import Path
from textwrap import dedent

from tests.gateway.running import AROUND, replaced
from tests.processes.running import REPOSITORY, Program
from tests.services import installed


def documented() -> str:
    found = re.search(
        r"\n(    server \{\n        listen 80;\n.*?\n    \}\n\n    server \{.*?\n    \}\n)",
        (REPOSITORY / "docs/operations.md").read_text(),
        re.DOTALL,
    )
    assert found
    return dedent(found[1])


def proxy(folder: Path, portal_port: int, plain: int, tls: int) -> Program:
    """The documented configuration, with nothing changed but addresses and file names, and a certificate of its own."""
    key, certificate = folder / "portal.key", folder / "portal.pem"
    request = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    ]
    subprocess.run(["openssl", *request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    changes = {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{tls} ssl;",
        "https://portal.example.com$request_uri": f"https://localhost:{tls}$request_uri",
        "portal.example.com": "localhost",
        "/etc/ssl/portal.pem": str(certificate),
        "/etc/ssl/portal.key": str(key),
        "http://127.0.0.1:8000": f"http://127.0.0.1:{portal_port}",
        "Host $host;": "Host $host:$server_port;",  # a port of its own, which tests have and the documented address has not
    }
    (folder / "gateway.conf").write_text(replaced(documented(), changes))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    (folder / "nginx.conf").write_text(AROUND.format(paths=" ".join(f"{kind}_temp_path {kind};" for kind in kinds)))
    command = [installed("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    return Program(command, {"PATH": "/usr/sbin:/usr/bin:/bin"}, folder)
