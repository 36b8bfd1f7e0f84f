"""What `/oauth/introspect` says of a token (RFC 7662)."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connection

from portal.core.permissions import IMPLIED_ROLES
from settings_app import services as config
from settings_app.registry import KEYS
from tokens.verification.lookup import Stored

CAP_KEY = "introspection_cache_seconds"
FRESH_SECONDS = 5.0
MOST_SECONDS = 1.5  # for which anybody waits for it


def described(token: Stored, now: datetime, cap: timedelta | None) -> dict[str, Any]:
    """RFC 7662, section 2.2. Clients keep the response until `exp`: it is at most `cap` from now, None for the token's own end.

    `exp` and `iat` are whole seconds since 1970; `exp` is rounded down, so that no cache keeps it for longer. `scope` has every role
    that the owner's role implies, for clients that ask for one of them.
    """
    end = token.expires_at if cap is None else min(token.expires_at, now + cap)
    return {
        "active": True,
        "username": token.username,
        "sub": str(token.user_id),
        "token_type": "Bearer",
        "iat": int(token.created_at.timestamp()),
        "exp": int(end.timestamp()),
        "jti": str(token.id),
        "client_id": token.name,
        "scope": " ".join(IMPLIED_ROLES[token.role]),
        "role": token.role,
    }


def as_cap(seconds: int) -> timedelta | None:
    return timedelta(seconds=seconds) if seconds else None


class Cap:
    """The setting's value, read at most once in FRESH_SECONDS in each process: a change holds everywhere within that time. While the
    database does not respond it keeps the value that it had, at first the default."""

    def __init__(self) -> None:
        self.value = as_cap(KEYS[CAP_KEY].default)
        self.read_at = float("-inf")
        self.reading: asyncio.Future[None] | None = None

    def is_fresh(self) -> bool:
        return time.monotonic() - self.read_at < FRESH_SECONDS

    def get(self) -> timedelta | None:
        """The value, with a query unless it is fresh: not for the event loop."""
        if not self.is_fresh():
            self.read()
        return self.value

    async def get_in_loop(self) -> timedelta | None:
        """The value, without a query in the event loop: one thread reads it for all who want it at that time."""
        if not self.is_fresh():
            if self.reading is None or self.reading.done():
                self.reading = asyncio.ensure_future(asyncio.to_thread(self.read_apart))
            try:
                await asyncio.wait_for(asyncio.shield(self.reading), MOST_SECONDS)
            except TimeoutError:
                self.read_at = time.monotonic()  # so that nobody waits again before FRESH_SECONDS have passed
        return self.value

    def read(self) -> None:
        began = time.monotonic()
        with suppress(DatabaseError, InterfaceError):
            self.value = as_cap(config.get(CAP_KEY))
        self.read_at = began  # last: until then everybody waits for the value

    def read_apart(self) -> None:
        """In a thread that nobody tells of the end of a request, at which Django would close a connection that has died."""
        try:
            self.read()
        finally:
            connection.close()


cap = Cap()
