"""Fixtures that every test may use."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from weakref import WeakSet

import hypothesis
import pytest
from django.core.management.commands import flush
from django.core.servers.basehttp import WSGIRequestHandler
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.postgresql.base import DatabaseOperations as PostgresOperations
from django.db.backends.signals import connection_created
from django.db.backends.sqlite3.base import DatabaseOperations as SqliteOperations
from django.test import Client
from pytest_django import Settings

from portal.core import tasks
from portal.oauth import introspection
from tests import clock
from tests.notifications.rejecting import rejecting_server
from tests.services import chromium_program, missing, redis_server, redis_url, smtp_server
from tokens.verification import limits
from tokens.verification import usage as uses

__all__ = ["redis_server", "redis_url", "rejecting_server", "smtp_server"]

# How long one example takes says only how busy the machine is.
hypothesis.settings.register_profile("portal", deadline=None)
hypothesis.settings.load_profile("portal")

# Django's live server writes an answer's head and body apart: without this each answer waits 40 ms for the client to acknowledge the head.
WSGIRequestHandler.disable_nagle_algorithm = True

READ_THE_CLOCK = {"scim", "api", "duplo", "attacks", "browser", "clients", "gateway", "pages", "processes", "fault_injection", "webkit"}

# Like a browser, Django's client sends forms without files as application/x-www-form-urlencoded: its own default is multipart, which the
# portal rejects.
FORM = "application/x-www-form-urlencoded"


def post_form(self: Client, path: str, data: Any = None, content_type: str = FORM, **options: Any) -> Any:
    if content_type == FORM and not isinstance(data, str | bytes):
        data = urlencode(data or {}, doseq=True)
    return django_post(self, path, data, content_type, **options)


django_post, Client.post = Client.post, post_form

# Loopback only: the browser asks for nothing outside, and could not if it wanted to.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",  # a container has little of it
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


def delete_rows(self: BaseDatabaseOperations, style: Any, tables: list[str], **options: Any) -> list[str]:
    """How a test's rows are removed that were committed. Django would TRUNCATE, which makes new files for every table and index, and
    make all content types and permissions again."""
    return [f"DELETE FROM {self.quote_name(table)};" for table in tables if table not in ("django_content_type", "auth_permission")]


SqliteOperations.sql_flush = PostgresOperations.sql_flush = delete_rows
flush.emit_post_migrate_signal = lambda *args, **options: None


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """pytest-django's. PostgreSQL drops a database once nobody is connected, and Django closes only the connections that it sees: under
    Playwright's event loop this thread has others than without."""
    opened: WeakSet[BaseDatabaseWrapper] = WeakSet()

    def note(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        opened.add(connection)

    connection_created.connect(note)
    yield
    for connection in opened:
        connection.inc_thread_sharing()
        connection.close()


@pytest.fixture
def running_clock() -> Iterator[None]:
    """Factories make rows as of the clock that the code under test reads, instead of NOW."""
    clock.run(True)
    yield
    clock.run(False)


@pytest.fixture
def in_utc(settings: Settings) -> None:
    """For tests whose expected words hold UTC, on a day on which the tests run with another TIME_ZONE."""
    settings.TIME_ZONE = "UTC"


@pytest.fixture(autouse=True)
def clock_of_pages(request: pytest.FixtureRequest) -> None:
    """A page, the API and a server read the clock themselves: for their tests factories do so too."""
    if request.path.parent.name in READ_THE_CLOCK:
        request.getfixturevalue("running_clock")


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a process keeps of the tokens that it saw. Nothing is written behind a test's back: one that wants to see uses flushes them."""
    monkeypatch.setattr(limits, "counter", limits.InProcess())
    monkeypatch.setattr(tasks, "silent_until", 0.0)
    monkeypatch.setattr(introspection, "cap", introspection.Cap())
    monkeypatch.setattr(uses.Uses, "start", lambda self: None)
    yield
    uses.uses.accepted.clear()
    uses.uses.rejected.clear()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    program = chromium_program()
    if program is None:
        missing("Chromium")
    return {**browser_type_launch_args, "executable_path": program, "args": CHROMIUM_ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "reduced_motion": "reduce", "permissions": ["clipboard-read", "clipboard-write"]}
