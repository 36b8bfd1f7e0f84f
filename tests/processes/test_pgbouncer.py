"""The portal behind a real PgBouncer in transaction mode: two server processes share three connections to PostgreSQL."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres
from tests.attacks import starving
from tests.clock import BUSY
from tests.processes.pgbouncer import PgBouncer
from tests.processes.running import Program
from tests.processes.serving import Server, environment
from tests.processes.visitor import Visitor
from tokens import token_format

RUNS_ON = "postgres"
pytestmark = [
    pytest.mark.field,
    pytest.mark.skipif(os.environ["TEST_DATABASE"] != "postgres", reason="of PostgreSQL alone: in the other half of `make test-field`"),
]
PASSWORD = "correct-horse-battery"
# A token that ends soon, so that the scan has something to do.
PREPARE = f"""
import django
django.setup()
from datetime import timedelta
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from portal.users.models import User
import settings_app.services as config
from tokens import dates, services
from tokens.expiry.scan import scan
assert connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]
call_command("migrate", verbosity=0)
now = timezone.now()
owner = User(username="ada@example.com", email="ada@example.com", role="administrator")
owner.set_password("{PASSWORD}")
owner.save()
config.add("token_expiration_days", "30;7", None)
token, revoked = services.issue(owner, "revoked", None, None, now)
services.revoke(token, None, now)
services.issue(owner, "soon", dates.day_of(now) + timedelta(days=5), None, now)
assert scan(now, "person").raised == 1
print("tokens", services.issue(owner, "deploy", None, None, now)[1], revoked)
"""


@pytest.fixture(scope="module")
def pgbouncer() -> Iterator[PgBouncer]:
    """In the run's folder: another run of pytest would close pytest's own to the user that PostgreSQL and PgBouncer run as."""
    folder = Path(tempfile.mkdtemp(dir=os.environ["TEST_RUN_DIR"]))
    url = postgres.start(folder)
    server = postgres.newest()
    with PgBouncer(url, folder) as pgbouncer:
        yield pgbouncer
    postgres.stop(server)


@pytest.fixture(scope="module")
def texts(pgbouncer: PgBouncer, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """An active and a revoked token. The migrations and a scan went through PgBouncer too."""
    with Program([sys.executable, "-c", PREPARE], environment(tmp_path_factory.mktemp("prepare"), pgbouncer.url)) as program:
        assert program.ends_with_all(120) == 0, program.output
    active, revoked = program.output.split()[-2:]
    return active, revoked


@pytest.fixture(scope="module")
def servers(pgbouncer: PgBouncer, texts: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    values = environment(tmp_path_factory.mktemp("server"), pgbouncer.url, DEBUG="true", WRONG_TOKENS_A_MINUTE="1000000")
    with Server(values) as one, Server(values) as other:
        yield [one.answers(), other.answers()]


@pytest.fixture
def expected(texts: tuple[str, str], tmp_path: Path) -> Path:
    active, revoked = texts
    file = tmp_path / "expected"
    file.write_text("\n".join([f"204 {active}", f"401 {revoked}", f"401 {token_format.generate()}"]))
    return file


def serves(servers: list[Server], texts: tuple[str, str], expected: Path) -> None:
    """Many verifications at once in each process, and between them introspections and pages."""
    active, revoked = texts
    clients = [starving.begin(server.port, expected, 3, rate=200, connections=16) for server in servers]
    for _ in range(5):
        for server in servers:
            server.connection.close()  # it may have been idle for too long
            assert b'"active": true' in server.introspect(active, active)
            assert server.introspect(active, revoked) == b'{"active": false}'
            assert server.ask("GET", "/api/v1/tokens", active).status == 200
    for server in servers:
        assert "ada@example.com" in Visitor(server.address).sign_in("ada@example.com", PASSWORD)
    assert [starving.result(client).wrong for client in clients] == [{}, {}]


def test_tokens_and_pages_behind_pgbouncer(servers: list[Server], texts: tuple[str, str], expected: Path) -> None:
    serves(servers, texts, expected)
    serves(servers, texts, expected)


def test_a_restart_of_pgbouncer(pgbouncer: PgBouncer, servers: list[Server], texts: tuple[str, str], expected: Path) -> None:
    serves(servers, texts, expected)
    pgbouncer.stop()
    for server in servers:
        server.connection.close()
        assert server.verify(texts[0]).status == 503
    pgbouncer.start()
    began = time.monotonic()
    for server in servers:
        while (status := server.verify(texts[0]).status) != 204:
            assert status == 503
            assert time.monotonic() - began < 5 + BUSY
    serves(servers, texts, expected)
    assert not [server.output for server in servers if "prepared statement" in server.output]
