"""Transactions that do not wait, or run, for longer than they should."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, transaction

MILLISECOND = timedelta(milliseconds=1)


@contextmanager
def lock_timeout(limit: timedelta) -> Iterator[None]:
    """A transaction that fails with OperationalError when it has to wait longer than `limit` for a lock."""
    if connection.vendor == "postgresql":
        with transaction.atomic():
            set_local("lock_timeout", limit)
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        usual = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {limit // MILLISECOND}")
        try:
            with transaction.atomic():
                yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")


@contextmanager
def statement_timeout(limit: timedelta) -> Iterator[None]:
    """A transaction each of whose statements fails with OperationalError after `limit`. On PostgreSQL only."""
    with transaction.atomic():
        set_local("statement_timeout", limit)
        yield


@contextmanager
def idle_timeout(limit: timedelta) -> Iterator[None]:
    """A transaction that PostgreSQL ends when it waits longer than `limit` for a statement, as after its machine was lost."""
    with transaction.atomic():
        set_local("idle_in_transaction_session_timeout", limit)
        yield


def set_local(name: str, limit: timedelta) -> None:
    """Until the end of the transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL {name} = {limit // MILLISECOND}")
