"""One token by its digest, with what of its owner the verifier looks at: one SELECT over the digest's unique index, no cache.

On PostgreSQL it is a prepared statement on the connection that Django keeps for this thread (postgres.py), and has an answer or an
error within MOST_SECONDS, whatever the database does. SQLite has its twin here.
"""

import threading
import time
from contextlib import suppress

import psycopg
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tokens.models import Token
from tokens.verification.postgres import FIELDS, SELECT, Prepared, Stored, Unavailable, connected

__all__ = ["SELECT", "Stored", "Unavailable", "by_digest", "drop"]

MOST_SECONDS = 1.5  # to connect, prepare and ask, all together
PAUSE_SECONDS = 0.25  # between two tries while the database is down


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
                fetch(b"", time.monotonic() + MOST_SECONDS)
                drop()
                break
            except Exception:  # whatever it is, nobody else would ask again
                with suppress(Exception):
                    drop()
        with self.lock:
            self.known = False


outage = Outage()


def by_digest(digest: bytes) -> Stored | None:
    """The token with this digest, or None. Raises Unavailable."""
    if outage.known:
        raise Unavailable
    return answer(digest, time.monotonic() + MOST_SECONDS)


def answer(digest: bytes, deadline: float) -> Stored | None:
    """A kept connection that died is replaced once."""
    kept = of_thread.django.connection is not None
    try:
        return fetch(digest, deadline)
    except (psycopg.Error, Error, Unavailable) as error:
        drop()
        open_transaction = of_thread.django.connection is not None  # Django replaces no connection in the middle of one
        if not kept or open_transaction or isinstance(error, Unavailable):
            outage.begin()
            raise Unavailable from error
    return answer(digest, deadline)


def drop() -> None:
    """Closes the thread's connection: what it would answer next is not known."""
    of_thread.prepared = None
    of_thread.django.close()


def fetch(digest: bytes, deadline: float) -> Stored | None:
    django, prepared = of_thread.django, of_thread.prepared
    if django.vendor != "postgresql":
        row = Token.objects.filter(digest=digest).values_list(*FIELDS.split()).first()
        return Stored(*row) if row else None
    if django.connection is None:
        django = of_thread.django = connected(deadline)
    if prepared is None or prepared.connection is not django.connection:
        prepared = of_thread.prepared = Prepared(django.connection, deadline)
    return prepared.fetch(digest, deadline)
