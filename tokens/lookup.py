"""One token by its digest, with what of its owner the verifier looks at: one SELECT over the digest's unique index, no cache.

On PostgreSQL the statement is prepared once on the connection that Django keeps for this thread, and run by psycopg's binding of
libpq. Measured in microseconds of this process's time: 8 so, 45 with a psycopg cursor, 130 when Django's connection proxy is asked
for the connection each time; and here alone a database that hangs can be given up. SQLite has its twin beside it.
"""

import select
import threading
import time
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

import psycopg
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

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
MOST_SECONDS = 1.5  # for the database's answer
PAUSE_SECONDS = 0.25  # between two tries while it is down


class Unavailable(Exception):
    """The database did not answer, or failed twice. Whatever was asked must be refused, not guessed."""


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


def attribute(token: Token, path: str) -> object:
    owner, _, name = path.rpartition("__")
    return getattr(token.user if owner else token, name)


class Prepared:
    """The statement on one connection to PostgreSQL."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.pgconn: PGconn = connection.pgconn
        self.transformer = Transformer(connection)
        self.poll = select.poll()
        self.poll.register(self.pgconn.socket, select.POLLIN)
        self.pgconn.send_prepare(NAME, SELECT)
        self.result(ExecStatus.COMMAND_OK)

    def fetch(self, digest: bytes) -> Stored | None:
        self.pgconn.send_query_prepared(NAME, [digest], [Format.BINARY], Format.BINARY)
        result = self.result(ExecStatus.TUPLES_OK)
        if not result.ntuples:
            return None
        self.transformer.set_pgresult(result)
        return self.transformer.load_row(0, Stored._make)

    def result(self, expected: ExecStatus) -> PGresult:
        """What the server answers to what was sent. Raises psycopg's errors, and Unavailable when time is up."""
        pgconn = self.pgconn
        while True:
            if not self.poll.poll(MOST_SECONDS * 1000):
                raise Unavailable
            pgconn.consume_input()
            if not pgconn.is_busy():  # one row comes in one piece
                break
        result = pgconn.get_result()
        if result is None or result.status != expected:
            raise psycopg.OperationalError(pgconn.get_error_message())
        while pgconn.get_result():
            pass
        return result


class OfThread(threading.local):
    """What a thread keeps between its look-ups. Django's own proxy finds the thread's connection anew at each access."""

    def __init__(self) -> None:
        self.django: BaseDatabaseWrapper = connections[DEFAULT_DB_ALIAS]
        self.prepared: Prepared | None = None


of_thread = OfThread()


class Outage:
    """While the database is known to be down every request hears so at once, instead of waiting for it one after the other; one thread
    asks it again and again, and ends the outage when it gets an answer."""

    def __init__(self) -> None:
        self.known = False
        self.lock = threading.Lock()

    def begin(self) -> None:
        with self.lock:
            if self.known:
                return
            threading.Thread(target=self.last, name="database-outage", daemon=True).start()
            self.known = True  # not before there is a thread that ends it

    def last(self) -> None:
        while True:
            time.sleep(PAUSE_SECONDS)
            try:
                fetch(b"")
                drop()
                break
            except Exception:  # whatever it is, nobody else would ask again
                with suppress(Exception):
                    drop()
        with self.lock:
            self.known = False


outage = Outage()


def by_digest(digest: bytes) -> Stored | None:
    """The token with this digest, or None. A kept connection that died is replaced once. Raises Unavailable."""
    if outage.known:
        raise Unavailable
    kept = of_thread.django.connection is not None
    try:
        return fetch(digest)
    except (psycopg.Error, Error, Unavailable) as error:
        drop()
        open_transaction = of_thread.django.connection is not None  # Django replaces no connection in the middle of one
        if not kept or open_transaction or isinstance(error, Unavailable):
            outage.begin()
            raise Unavailable from error
    return by_digest(digest)


def drop() -> None:
    """Closes the thread's connection: what it would answer next is not known."""
    of_thread.prepared = None
    of_thread.django.close()


def fetch(digest: bytes) -> Stored | None:
    django, prepared = of_thread.django, of_thread.prepared
    if django.vendor != "postgresql":
        row = Token.objects.filter(digest=digest).values_list(*FIELDS.split()).first()
        return Stored(*row) if row else None
    if django.connection is None:
        django.ensure_connection()
    if prepared is None or prepared.connection is not django.connection:
        prepared = of_thread.prepared = Prepared(django.connection)
    return prepared.fetch(digest)
