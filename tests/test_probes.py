"""/livez, /readyz and /healthz: what each says in each state, for whom, and how soon."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings

from portal.core import probes, readiness
from portal.core.asgi import Receive, Scope, Send
from portal.core.probes import probing
from tests.api import asgi_client
from tests.clock import BUSY
from tests.ports import free_port

ALL_OK = {"database": "ok", "broker": "ok", "migrations": "ok"}
pytestmark = pytest.mark.django_db(transaction=True)  # the checks have connections of their own


@pytest.fixture(autouse=True)
def fresh_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = {"database": readiness.database, "broker": readiness.broker, "migrations": readiness.Migrations()}
    monkeypatch.setattr(readiness, "CHECKS", {name: readiness.Check(function) for name, function in checks.items()})


def ask(path: str, host: str = "testserver", **options: Any) -> Any:
    return Client(headers={"Host": host}).get(path, **options)


def is_unavailable(response: Any) -> bool:
    return (response.status_code, response["Retry-After"], response.json()["status"]) == (503, "2", "unavailable")


@pytest.mark.parametrize("host", ["10.1.2.3:8000", "[fd00::1]:8000", "other.example.com", "no host!", ""])
def test_probes_respond_for_any_host(host: str) -> None:
    for path, content in (("/livez", {}), ("/readyz", {"checks": ALL_OK}), ("/healthz", {})):
        response = ask(path, host)
        assert (response.status_code, response.json()) == (200, {"status": "ok", **content})
        assert (response["Cache-Control"], response["Content-Type"]) == ("no-store", "application/json")
        assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("path", ["/livez/", "/healthz/scan", "/accounts/sign-in/", "/livezz", "//livez", "/api/v1/"])
def test_every_other_path_still_rejects_another_host(path: str) -> None:
    assert ask(path, "other.example.com").status_code == 400


def test_probes_are_answered_while_all_of_djangos_threads_are_busy() -> None:
    async def busy(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    through = probing(busy)
    for path, body in (("/livez", {}), ("/readyz", {"checks": {"database": "ok", "migrations": "ok"}}), ("/healthz", {})):
        reply = asgi_client.ask(path, through=through, QUERY_STRING="exclude=broker")
        assert (reply.status, reply.json) == (200, {"status": "ok", **body})
        assert asgi_client.ask(path, method="HEAD", through=through).body == b""
    assert asgi_client.ask("/livez", method="POST", through=through).status == 503
    assert asgi_client.ask("/livezz", through=through).status == 503


def test_probes_take_get_and_head_alone() -> None:
    assert Client().head("/readyz").status_code == 200
    response = Client(enforce_csrf_checks=True).post("/livez")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_a_missing_migration_is_named_until_it_is_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "MAX_AGE", 0.0)
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("tokens", newest := max(name for app, name in recorder.applied_migrations() if app == "tokens"))
    try:
        response = ask("/readyz")
        assert is_unavailable(response)
        assert response.json()["checks"] == {**ALL_OK, "migrations": "1 not applied"}
        assert [ask(path).status_code for path in ("/livez", "/healthz")] == [200, 200]
    finally:
        recorder.record_applied("tokens", newest)
    assert ask("/readyz").json()["checks"] == ALL_OK


def test_once_applied_the_migrations_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    applied = readiness.Migrations()
    assert applied() == "ok"
    monkeypatch.setattr(readiness, "MigrationExecutor", None)
    assert applied() == "ok"


def test_redis_is_the_broker_where_there_is_one(redis_url: str, settings: Settings) -> None:
    settings.REDIS_URL = redis_url
    assert readiness.broker() == "ok"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """It accepts connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_broker_that_is_down_or_silent_is_reported_without_its_address(settings: Settings, silent_port: int) -> None:
    for port, error in ((free_port(), "ConnectionError"), (silent_port, "TimeoutError")):
        settings.REDIS_URL = f"redis://:a-password@127.0.0.1:{port}/0"
        readiness.CHECKS["broker"].latest = None
        began = time.monotonic()
        response = ask("/readyz")
        assert time.monotonic() - began < 2 + BUSY
        assert is_unavailable(response)
        assert response.json()["checks"] == {**ALL_OK, "broker": f"failed ({error})"}
        assert [ask(path).status_code for path in ("/livez", "/healthz")] == [200, 200]
    assert ask("/readyz?exclude=broker").json()["checks"] == {"database": "ok", "migrations": "ok"}


def test_a_broker_folder_that_cannot_be_written_is_reported(settings: Settings, tmp_path: Any) -> None:
    settings.BROKER_DIR = tmp_path / "missing"
    assert ask("/readyz").json()["checks"]["broker"] == "folder not writable"


def test_a_database_that_fails_leaves_the_process_live(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise RuntimeError("postgres://portal:a-password@10.0.0.5/portal")

    monkeypatch.setitem(readiness.CHECKS, "database", readiness.Check(fail))
    for path in ("/readyz", "/healthz"):
        response = ask(path)
        assert is_unavailable(response)
        assert "10.0.0.5" not in response.content.decode()
    assert ask("/readyz").json()["checks"] == {**ALL_OK, "database": "failed (RuntimeError)"}
    assert ask("/livez").status_code == 200


def test_a_check_that_hangs_keeps_nobody_waiting_and_is_started_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    runs, release = [], threading.Event()

    def hang() -> str:
        runs.append(threading.current_thread())
        release.wait(60)
        return "ok"

    monkeypatch.setitem(readiness.CHECKS, "database", readiness.Check(hang))
    monkeypatch.setattr(readiness, "LIMIT", 0.2)
    try:
        for _ in range(3):
            assert readiness.results("database")["database"].startswith("no response within")
        assert len(runs) == 1
        monkeypatch.setattr(readiness, "GIVEN_UP", 0.0)
        readiness.results("database")
        assert len(runs) == 2
        assert all(run.daemon for run in runs)
    finally:
        release.set()
    monkeypatch.undo()


def test_probes_in_a_burst_share_one_check(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []

    def count() -> str:
        runs.append(time.sleep(0.05))
        return "ok"

    monkeypatch.setitem(readiness.CHECKS, "database", readiness.Check(count))
    monkeypatch.setattr(readiness, "MAX_AGE", 60.0)
    callers = [threading.Thread(target=probes.healthy) for _ in range(20)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(runs) == 1
    monkeypatch.setattr(readiness, "MAX_AGE", 0.0)
    assert probes.healthy().status == 200
    assert len(runs) == 2


def test_a_change_is_logged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[Any] = []
    monkeypatch.setattr(readiness.log, "log", lambda level, event, **fields: lines.append((level, fields)), raising=False)
    check = readiness.Check(readiness.database)
    for result in ("ok", "failed (X)", "failed (X)", "ok", "ok"):
        check.report("database", result)
    assert [(level, fields["result"]) for level, fields in lines] == [(30, "failed (X)"), (20, "ok")]
