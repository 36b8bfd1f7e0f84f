"""One token by its digest, with what of its owner the verifier looks at: one SELECT over the digest's unique index, no cache.

On PostgreSQL the statement is prepared, and run by psycopg's own cursor on the connection that Django keeps for this thread.
Django's cursor wrapper binds on the client and costs more than the look-up itself. SQLite has its twin beside it.
"""

from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

import psycopg
from django.db import Error, connection

from tokens.models import Token

COLUMNS = """
    t.id, t.kind, t.name, t.digest, t.created_at, t.expires_at, t.revoked_at, t.session_hash,
    u.id, u.username, u.role, u.may_introspect, u.is_active, u.session_stamp,
    CASE WHEN t.kind = 'temporary' THEN u.password ELSE '' END
"""
SELECT = f"SELECT {COLUMNS} FROM tokens_token t JOIN users_user u ON u.id = t.user_id WHERE t.digest = %s"  # noqa: S608
FIELDS = (
    "id kind name digest created_at expires_at revoked_at session_hash user_id user__username user__role user__may_introspect "
    "user__is_active user__session_stamp user__password"
)


class Unavailable(Exception):
    """The database did not answer, twice. Whatever was asked must be refused, not guessed."""


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


def by_digest(digest: bytes) -> Stored | None:
    """The token with this digest, or None. A connection that died is replaced once. Raises Unavailable."""
    try:
        return fetch(digest)
    except (psycopg.Error, Error):
        connection.close()
    try:
        return fetch(digest)
    except (psycopg.Error, Error) as error:
        connection.close()
        raise Unavailable from error


def fetch(digest: bytes) -> Stored | None:
    if connection.vendor != "postgresql":
        row = Token.objects.filter(digest=digest).values_list(*FIELDS.split()).first()
        return Stored(*row) if row else None
    connection.ensure_connection()
    row = psycopg.Cursor(connection.connection).execute(SELECT, (digest,), prepare=True).fetchone()
    return Stored(*row) if row else None
