"""A portal that runs, and static files that only valid tokens reach, behind nginx as documented."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.gateway.gateways import running
from tests.gateway.running import nginx
from tests.processes.serving import Server, environment, this_database

RUNS_ON = "postgres"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words: Any) -> None:
        """Not among the tests' lines."""


@dataclass
class Files:
    """`folder`: what is put into it can be fetched at `host`, with a token."""

    folder: Path
    host: str


@pytest.fixture(scope="module")
def portal(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("portal")
    with Server(environment(folder, this_database(), TRUSTED_PROXIES="127.0.0.1")) as server:
        yield server.answers()


@pytest.fixture(scope="module")
def files(portal: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    folder = tmp_path_factory.mktemp("files")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    with running(nginx, tmp_path_factory.mktemp("nginx"), portal.port, server.server_port) as port:
        yield Files(folder, f"127.0.0.1:{port}")
    server.shutdown()
    server.server_close()
