"""The database goes away under a serving portal: refused, soon, never passed; and served again once it is back."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests import postgres
from tests.clock import BUSY
from tests.processes.running import Program, stopped, until
from tests.processes.serving import Reply, Server, environment

RUNS_ON = "postgres"
pytestmark = [
    pytest.mark.field,
    pytest.mark.skipif(os.environ["TEST_DATABASE"] != "postgres", reason="of PostgreSQL alone: in the other half of `make test-field`"),
]
PREPARE = """
import django
django.setup()
from django.core.management import call_command
from django.utils import timezone
from portal.users.models import User
from tokens import services
call_command("migrate", verbosity=0)
owner = User.objects.create(username="ada@example.com", email="ada@example.com", role="administrator")
print("token", services.issue(owner, "deploy", None, None, timezone.now())[1])
"""


class Database:
    """A PostgreSQL of this module's own."""

    def __init__(self, folder: Path) -> None:
        self.url = postgres.start(folder)
        self.server: Any = postgres.newest()

    def end_connections(self) -> int:
        """Kills every connection of the portal's, as an administrator or a failover does. Returns how many there were."""
        others = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ended = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {others}"
        return int(self.server.psql(f"COPY ({ended}) TO STDOUT;"))


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    # In the run's folder: another run of pytest would close pytest's own to the user that PostgreSQL runs as.
    database = Database(Path(tempfile.mkdtemp(dir=os.environ["TEST_RUN_DIR"])))
    yield database
    postgres.stop(database.server)


@pytest.fixture(scope="module")
def text(database: Database, tmp_path_factory: pytest.TempPathFactory) -> str:
    values = environment(tmp_path_factory.mktemp("prepare"), database.url)
    with Program([sys.executable, "-c", PREPARE], values) as program:
        assert program.ends_with_all(60) == 0, program.output
    return program.output.split()[-1]


@pytest.fixture(scope="module")
def server(database: Database, text: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(environment(tmp_path_factory.mktemp("server"), database.url, WRONG_TOKENS_A_MINUTE="100000")) as server:
        server.answers()
        assert server.verify(text).status == 204
        yield server


def refused_soon(reply: Reply) -> None:
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert reply.seconds < 2 + BUSY
    assert not [name for name in reply.headers if name.lower().startswith("x-auth")]


def is_live_but_not_ready(server: Server) -> None:
    assert server.ask("GET", "/livez", "x").status == 200
    for path in ("/readyz", "/healthz"):
        reply = server.ask("GET", path, "x", Host="10.1.2.3")
        assert (reply.status, reply.headers["retry-after"]) == (503, "2")
        assert reply.seconds < 2 + BUSY
        if path == "/readyz":
            checks = json.loads(reply.body)["checks"]
            assert checks["database"] in ("failed (OperationalError)", "no response within 2 seconds")
            assert checks["broker"] == "ok"


def passes_again(server: Server, text: str) -> None:
    """By itself, within seconds, and from then on every time."""
    began = time.monotonic()
    while (status := server.verify(text).status) != 204:
        assert status == 503
        assert time.monotonic() - began < 5 + BUSY
    assert [server.verify(text).status for _ in range(20)] == [204] * 20


def test_a_killed_connection_is_replaced_and_no_client_sees_an_error(server: Server, database: Database, text: str) -> None:
    for _ in range(5):
        assert server.verify(text).status == 204
        assert database.end_connections() >= 1
        reply = server.verify(text)
        assert (reply.status, reply.headers["x-auth-user"]) == (204, "ada@example.com")
        assert b'"active": true' in server.introspect(text, text)


def test_a_database_that_is_stopped_is_refused_soon_and_garbage_still_gets_its_401(server: Server, database: Database, text: str) -> None:
    assert server.verify(text).status == 204
    database.server.stop()
    try:
        for _ in range(5):
            refused_soon(server.verify(text))
        assert server.ask("POST", "/oauth/introspect", text, {"token": text}).status == 503
        assert server.verify("garbage").status == 401
        time.sleep(4)  # uses that were noted are kept meanwhile
        refused_soon(server.verify(text))
        is_live_but_not_ready(server)
    finally:
        database.server.start()
    passes_again(server, text)
    until(lambda: server.ask("GET", "/readyz", "x").status == 200, "readiness", 5 + BUSY)
    assert "uses not written" in server.output
    assert "Traceback" not in server.output


def test_a_database_that_hangs_is_refused_soon_by_every_request(server: Server, database: Database, text: str) -> None:
    assert server.verify(text).status == 204
    with stopped(psutil.Process(database.server.get_pid())):
        for _ in range(4):
            refused_soon(server.verify(text))
        is_live_but_not_ready(server)
    passes_again(server, text)
    until(lambda: server.ask("GET", "/readyz", "x").status == 200, "readiness", 5 + BUSY)


def test_a_locked_table_is_refused_soon(server: Server, database: Database, text: str) -> None:
    """A migration that holds the table for longer than a gateway waits."""
    assert server.verify(text).status == 204
    with psycopg.connect(database.url) as migration:
        migration.execute("LOCK TABLE tokens_token IN ACCESS EXCLUSIVE MODE")
        refused_soon(server.verify(text))
    passes_again(server, text)


def test_the_secret_of_a_token_is_in_no_line_of_the_log(server: Server, text: str) -> None:
    assert text not in server.output
    assert text[4:] not in server.output
