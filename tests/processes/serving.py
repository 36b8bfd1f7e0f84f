"""The web server of production (granian with one worker), asked over HTTP as a gateway does: one connection, kept open."""

import os
import sys
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from django.db import connection

from portal.processes import APPLICATION, SERVER
from tests.ports import free_port
from tests.postgres import url_for
from tests.processes.running import Program, until

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def this_database() -> str:
    """The DATABASE_URL of the tests' own database."""
    name = str(connection.settings_dict["NAME"])
    return f"sqlite:///{name}" if connection.vendor == "sqlite" else url_for(os.environ["DATABASE_URL"], name)


def environment(folder: Path, database_url: str, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": database_url,
        "SECRET_KEY": os.environ["SECRET_KEY"],
        "PORTAL_DATA_DIR": str(folder),
        "STATIC_ROOT": str(folder / "static"),
        **more,
    }


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


class Server(Program):
    def __init__(self, environment: dict[str, str]) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        server = ["granian", *SERVER, "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        server += ["--workers-kill-timeout", "8", APPLICATION]
        super().__init__([sys.executable, "-m", *server], {"PORTAL_URL": self.address, **environment})
        self.connection = HTTPConnection("127.0.0.1", self.port, timeout=20)

    def answers(self) -> Self:
        """Waits until the worker serves."""

        def asked() -> bool:
            assert self.process.poll() is None, self.output
            try:
                return self.verify("x").status == 401
            except OSError:
                self.connection.close()
                return False

        until(asked, f"answer:\n{self.output}")
        return self

    def ask(self, method: str, path: str, token: str, parameters: dict[str, str] | None = None, **headers: str) -> Reply:
        body = urlencode(parameters) if parameters else None
        began = time.monotonic()
        self.connection.request(method, path, body, {"Authorization": f"Bearer {token}", **(FORM if body else {}), **headers})
        response = self.connection.getresponse()
        reply = Reply(response.status, dict(response.getheaders()), response.read(), time.monotonic() - began)
        if body and reply.status >= 400:
            self.connection.close()  # it answered before it had read the form, and may close the connection after that
        return reply

    def verify(self, token: str) -> Reply:
        return self.ask("GET", "/verify", token)

    def introspect(self, caller: str, token: str) -> bytes:
        return self.ask("POST", "/oauth/introspect", caller, {"token": token}).body

    def stop(self) -> None:
        """As systemd and Docker do it."""
        self.process.terminate()
        assert self.ends_with_all() == 0, self.output

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.connection.close()
        super().__exit__(kind, error, trace)
