"""A thread that ends closes its connections to the database.

granian ends threads that have nothing to do. Django's connections refer to themselves, so that only a full garbage collection would
close them: it comes late or never, and until then PostgreSQL counts them.
"""

import threading
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


class Kept:
    """What a thread holds for a database. It goes with the thread, and closes the connection that it has then."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection

    def __del__(self) -> None:
        try:  # noqa: SIM105  # at the interpreter's end contextlib is gone
            self.connection.close()
        except Exception:  # noqa: S110  # nobody is left who could mend it
            pass


of_thread = threading.local()


def keep(connection: BaseDatabaseWrapper) -> None:
    """`connection` belongs to this thread from now on."""
    kept = of_thread.__dict__
    if connection.alias in kept:
        kept[connection.alias].connection = connection  # an earlier one was closed, or is this one, connected anew
    else:
        kept[connection.alias] = Kept(connection)


def connected(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """One that threads share belongs to none of them, or not yet."""
    if not connection.allow_thread_sharing:
        keep(connection)


def connect() -> None:
    connection_created.connect(connected)
