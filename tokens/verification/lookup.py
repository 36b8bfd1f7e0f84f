"""One token by its digest, with what of its owner the verifier looks at: one SELECT over the digest's unique index, no cache.

Two ways to it: `by_digest` for code that runs in a thread (the API, pages), on the thread's own connection; and `look_up` for the event
loop, which answers `/verify`: on PostgreSQL in batches (postgres.py), on SQLite in a thread that does nothing else.
"""

import asyncio
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, NamedTuple, Protocol, Self
from uuid import UUID

from django.db import Error, connection

from tokens.models import Token

MOST_SECONDS = 1.5  # for one look-up, with everything that it waits for
FIELDS = (
    "id kind name digest created_at expires_at revoked_at session_hash user_id user__username user__role user__may_introspect "
    "user__is_active user__session_stamp user__password"
)


class Unavailable(Exception):
    """The database did not answer. The request gets the status 503: nothing is guessed."""


class Stored(NamedTuple):
    """A token's row with its owner's; the order is that of FIELDS and of the SELECT in postgres.py. Instants are aware."""

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


def by_digest(digest: bytes) -> Stored | None:
    """The token with this digest, or None. Raises Unavailable."""
    try:
        row = Token.objects.filter(digest=digest).values_list(*FIELDS.split()).first()
    except Error as error:
        raise Unavailable from error
    return Stored(*row) if row else None


class Lookups(Protocol):
    """Look-ups of the event loop."""

    def look_up(self, digest: bytes) -> Awaitable[Stored | None]:
        """Raises Unavailable, now or when it is awaited."""


class InThread:
    """For SQLite, which reads without a server: a thread of its own keeps a slow disk away from the event loop."""

    def __init__(self) -> None:
        self.executor = ThreadPoolExecutor(1, "look-ups")

    async def look_up(self, digest: bytes) -> Stored | None:
        future = asyncio.get_running_loop().run_in_executor(self.executor, self.fetch, digest)
        try:
            # Not asyncio.timeout, which after a process stood still ends what has its result by now.
            await asyncio.wait([future], timeout=MOST_SECONDS)
            if not future.done():
                raise Unavailable
            return future.result()
        finally:
            future.cancel()

    def fetch(self, digest: bytes) -> Stored | None:
        try:
            return by_digest(digest)
        except Unavailable:
            connection.close()
            raise
