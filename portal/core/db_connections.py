"""Closes the database connections of threads that have ended; another thread does it.

granian ends threads that have nothing to do. Django's connections refer to themselves, so that only a full garbage collection would
close them: it comes late or never, and until then PostgreSQL counts them. A thread cannot do it itself: while it is taken down, code
that asks for the interpreter's lock, as sqlite3 does, brings the process down.
"""

import os
import threading
import weakref
from typing import Any

import structlog
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

log = structlog.get_logger(__name__)


class ThreadSentinel:
    """Collected when its thread ends."""


class ThreadLocal(threading.local):
    def __init__(self) -> None:
        self.sentinel = ThreadSentinel()


thread_local = ThreadLocal()
lock = threading.Lock()
held: dict[weakref.ref[ThreadSentinel], BaseDatabaseWrapper] = {}
os.register_at_fork(after_in_child=held.clear)  # what the parent's threads left is the parent's to close


def keep(connection: BaseDatabaseWrapper) -> None:
    """`connection` belongs to this thread from now on."""
    with lock:
        held[weakref.ref(thread_local.sentinel)] = connection
    close_orphans()


def close_orphans() -> None:
    """Closes the connections of threads that have ended."""
    with lock:
        orphans = [held.pop(sentinel) for sentinel in list(held) if sentinel() is None]
    for each in orphans:
        each.inc_thread_sharing()  # or Django lets no other thread close it
        try:
            each.close()
        except Exception:
            log.exception("connection not closed")


def connected(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """One that threads share belongs to none of them, or not yet."""
    if not connection.allow_thread_sharing:
        keep(connection)


def connect() -> None:
    connection_created.connect(connected)
