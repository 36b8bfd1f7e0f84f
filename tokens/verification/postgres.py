"""The look-up's one statement, prepared on a connection to PostgreSQL, and run by psycopg's binding of libpq.

Measured in microseconds of this process's own time (the system's, about 22, comes to each): 18 so, 43 with a psycopg cursor, 89 with
Django's. And so alone can a database that hangs be given up: everything here ends at a `deadline` of time.monotonic().
"""

import select
import threading
import time
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Self
from uuid import UUID

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from portal.core import db_connections as threads
from tokens.models import Token

COLUMNS = """
    t.id, t.kind, t.name, t.digest, t.created_at, t.expires_at, t.revoked_at, t.session_hash,
    u.id, u.username, u.role, u.may_introspect, u.is_active, u.session_stamp,
    CASE WHEN t.kind = 'temporary' THEN u.password ELSE '' END
"""
SELECT = f"SELECT {COLUMNS} FROM tokens_token t JOIN users_user u ON u.id = t.user_id WHERE t.digest = $1".encode()  # noqa: S608
NAME = b"token_by_digest"
FIELDS = (
    "id kind name digest created_at expires_at revoked_at session_hash user_id user__username user__role user__may_introspect "
    "user__is_active user__session_stamp user__password"
)


class Unavailable(Exception):
    """The database did not answer, or failed twice. The request must be rejected, not guessed."""


class Stored(NamedTuple):
    """A token's row with its owner's; the order is that of the SELECT. Instants are aware."""

    id: UUID
    kind: str
    name: str
    digest: bytes
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    session_hash: str
    user_id: int
    username: str
    role: str
    may_introspect: bool
    owner_active: bool
    session_stamp: str
    password: str

    @classmethod
    def of(cls, token: Token) -> Self:
        """The same of a model instance that is loaded with its owner."""
        values = (attribute(token, path) for path in FIELDS.split())
        return cls(*values)


def attribute(token: Token, path: str) -> Any:
    owner, _, name = path.rpartition("__")
    return getattr(token.user if owner else token, name)


MAKE = partial(tuple.__new__, Stored)  # Stored._make without its check of the length


class Prepared:
    """The statement on one connection."""

    def __init__(self, connection: psycopg.Connection, deadline: float) -> None:
        self.connection = connection
        self.pgconn: PGconn = connection.pgconn
        self.transformer = Transformer(connection)
        self.loaders_wanted = True  # once: the columns of a prepared statement stay what they are
        self.poll = select.poll()
        self.poll.register(self.pgconn.socket, select.POLLIN)
        self.pgconn.send_prepare(NAME, SELECT)
        self.result(ExecStatus.COMMAND_OK, deadline)

    def fetch(self, digest: bytes, deadline: float) -> Stored | None:
        self.pgconn.send_query_prepared(NAME, (digest,), (Format.BINARY,), Format.BINARY)
        result = self.result(ExecStatus.TUPLES_OK, deadline)
        if not result.ntuples:
            return None
        self.transformer.set_pgresult(result, set_loaders=self.loaders_wanted)
        self.loaders_wanted = False
        return self.transformer.load_row(0, MAKE)

    def result(self, expected: ExecStatus, deadline: float) -> PGresult:
        """What the server answers to what was sent, read to its end. Raises psycopg's errors, and Unavailable when time is up."""
        pgconn, found = self.pgconn, None
        while True:
            while pgconn.is_busy():
                left = deadline - time.monotonic()
                if left <= 0 or not self.poll.poll(left * 1000):
                    raise Unavailable
                pgconn.consume_input()
            result = pgconn.get_result()
            if result is None:
                break
            found = found or result
        if found is None or found.status != expected:
            raise psycopg.OperationalError(pgconn.get_error_message())
        return found


def connected(deadline: float) -> BaseDatabaseWrapper:
    """A new connection of Django's for this thread, made in a thread of its own: nothing else bounds what the host's name, each of its
    addresses, the greeting and Django's first statements take. Raises Unavailable when time is up, else what the attempt raises."""
    wrapper = connections.create_connection(DEFAULT_DB_ALIAS)
    done: Future[None] = Future()
    wrapper.inc_thread_sharing()
    threading.Thread(target=connect, args=(wrapper, done), name="database-connecting", daemon=True).start()
    try:
        done.result(max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        if done.cancel():
            raise Unavailable from None
        done.result()  # it came in this very moment
    wrapper.dec_thread_sharing()
    connections[DEFAULT_DB_ALIAS] = wrapper
    threads.keep(wrapper)
    return wrapper


def connect(wrapper: BaseDatabaseWrapper, done: Future[None]) -> None:
    """A connection that nobody waits for any more is closed."""
    error = None
    try:
        wrapper.ensure_connection()
    except BaseException as raised:  # any error is passed on to the thread that waits
        error = raised
    if not done.set_running_or_notify_cancel():
        wrapper.close()
    elif error:
        done.set_exception(error)
    else:
        done.set_result(None)
