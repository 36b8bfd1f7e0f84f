"""Threads of the web server come and go; their connections are closed, on whichever way they came."""

import gc
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, connections
from django.test import Client

from portal.oauth.front import front
from portal.wsgi import django
from tests.processes.running import until
from tokens import token_format

REQUEST = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/verify",
    "REMOTE_ADDR": "127.0.0.1",
    "HTTP_AUTHORIZATION": f"Bearer {token_format.generate()}",
}
WAYS: dict[str, Callable[[], object]] = {
    "a page": lambda: Client().get("/healthz/scan"),
    "the verifier": lambda: list(front(django)(REQUEST, lambda status, headers: None)),
    "a connection that was replaced": lambda: [query(), connections["default"].close(), query()],
}


def query() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM users_user")


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return cursor.fetchone()[0]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows no sessions: in the other half of `make test`")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", WAYS)
def test_threads_that_ended_leave_at_most_one_connection_behind(way: str, no_garbage_collection: None) -> None:
    query()
    before, seen, many = sessions(), [], 5

    def work() -> None:
        WAYS[way]()
        seen.append(connections["default"].connection is not None)

    for _ in range(many):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [True] * many  # each had one of its own, still open when its work was done
    most = before + 1  # the last thread's is closed by the next one
    until(lambda: sessions() <= most, lambda: f"at most {most} sessions, but {sessions()}", 5)
