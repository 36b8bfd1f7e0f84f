"""A real PgBouncer in transaction mode: each transaction of a client may get another of its connections to PostgreSQL."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.ports import free_port
from tests.processes.running import Program, until
from tests.services import installed

CONFIGURATION = """
[databases]
postgres = host={host} user=postgres dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
"""


class PgBouncer:
    """In front of the PostgreSQL at `url`, which listens on a socket. `.url` is the DATABASE_URL of its clients."""

    def __init__(self, url: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        self.file = folder / "pgbouncer.ini"
        self.file.write_text(CONFIGURATION.format(host=parse_qs(urlsplit(url).query)["host"][0], port=self.port))
        # PgBouncer does not run as root. The user is the one that PostgreSQL's wheel has made for itself.
        user = ["-u", "pgserver"] if os.geteuid() == 0 else []
        self.command = [installed("pgbouncer"), "--quiet", *user, str(self.file)]

    def start(self) -> None:
        self.program = Program(self.command, {"PATH": os.environ["PATH"]})
        until(self.answers, lambda: f"PgBouncer:\n{self.program.output}", 20)

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """At once, without waiting for its clients."""
        self.program.process.terminate()
        self.program.process.wait(20)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.program.__exit__(kind, error, trace)
