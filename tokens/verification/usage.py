"""Last uses, and rejected uses: recorded in memory during the request, written to the database afterwards.

Each process keeps a buffer and a thread that writes it every few seconds and at exit. A use costs one entry in a
dictionary; a token's row is written at most once a minute. A crash loses the seconds that were not written yet.
"""

import threading
import time
from array import array
from datetime import datetime, timedelta
from multiprocessing.util import Finalize
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from tokens.verification.usage_sql import AcceptedUses, RejectedUses, write

log = structlog.get_logger(__name__)
EVERY_SECONDS = 3.0
ONE_WRITE_IN = timedelta(minutes=1)
MOST = 100_000  # entries of each kind; beyond, new ones are dropped until the next write
SLOTS = 2**18  # a megabyte. Two tokens that share a slot share its minute too: a use of the one may wait for the other's, and comes after
AT_ONCE = 250  # rows in one statement: a row stays locked, and requests wait for this thread, for some milliseconds
PAUSE = 4  # times as long as a statement took: requests come first, also when all tokens are used at once


class Uses:
    """One process's buffer. Safe to use from several threads."""

    def __init__(self) -> None:
        self.accepted: AcceptedUses = {}
        self.rejected: RejectedUses = {}
        self.written = array("I", bytes(4 * SLOTS))  # the second of each slot's last write
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None

    def record_accepted(self, token_id: UUID, now: datetime, address: str | None) -> None:
        """`address`: None where only the asking service knows it; an earlier one is kept."""
        if self.thread is None:
            self.start()
        key = token_id.int
        earlier = self.accepted.get(key)
        if earlier:
            self.accepted[key] = (now, address or earlier[1])
        elif len(self.accepted) < MOST:
            self.accepted[key] = (now, address)

    def record_rejected(self, token_id: UUID, now: datetime, address: str | None) -> None:
        if self.thread is None:
            self.start()
        key = token_id.int
        with self.lock:
            count, _, earlier = self.rejected.get(key, (0, now, None))
            if count or len(self.rejected) < MOST:
                self.rejected[key] = (count + 1, now, address or earlier)

    def start(self) -> None:
        """The first use starts the thread, so that it runs in the process that serves and not in one that forks."""
        with self.lock:
            if self.thread is None:
                self.thread = threading.Thread(target=self.run, name="token-uses", daemon=True)
                self.thread.start()
                Finalize(None, self.finish, exitpriority=1)  # a forked server process, such as granian's, never comes to atexit

    def run(self) -> None:
        while not self.stop.wait(EVERY_SECONDS):
            self.flush_or_log()

    def finish(self) -> None:
        """At exit: all that is left, however lately its row was written. What is locked the first time is tried once more."""
        self.stop.set()
        if self.thread:
            self.thread.join(timeout=1)
        if self.flush_or_log(everything=True) and (self.accepted or self.rejected):
            self.flush_or_log(everything=True)

    def flush_or_log(self, everything: bool = False) -> bool:
        """Whatever goes wrong with some uses, the next ones shall be written."""
        try:
            close_old_connections()  # a thread of our own has to do what Django does between requests
            return self.flush(timezone.now(), everything)
        except Exception:
            log.exception("uses lost")
            return False

    def flush(self, now: datetime, everything: bool = False) -> bool:
        """Writes what is due, AT_ONCE rows at a time. What is not written now is put back, and tried again. Returns whether the database
        took the statements."""
        due = int((now - ONE_WRITE_IN).timestamp())
        ready = [key for key in list(self.accepted) if everything or self.written[key % SLOTS] <= due]
        with self.lock:
            rejected = list(self.rejected)
        for start in range(0, max(len(ready), len(rejected)), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            began = time.monotonic()
            if not self.flush_part(ready[part], rejected[part], now, now if everything else now - ONE_WRITE_IN):
                return False
            if start + AT_ONCE < max(len(ready), len(rejected)):
                self.stop.wait(PAUSE * (time.monotonic() - began))
        return True

    def flush_part(self, ready: list[int], rejected_keys: list[int], now: datetime, before: datetime) -> bool:
        """Returns whether the database took the statements. An error that a later try would not mend is raised, and its uses are lost:
        they must not keep all the others back."""
        accepted = {key: use for key in ready if (use := self.accepted.pop(key, None))}
        with self.lock:
            rejected = {key: entry for key in rejected_keys if (entry := self.rejected.pop(key, None))}
        try:
            written, counted = write(accepted, rejected, before)
        except (OperationalError, InterfaceError) as error:
            log.warning("uses not written", error=type(error).__name__)
            self.put_back(accepted, rejected)
            return False
        second = int(now.timestamp())
        for key in accepted:
            self.written[key % SLOTS] = second
        # An older one is let go: its row is gone, or holds a newer use.
        oldest = now - ONE_WRITE_IN
        self.put_back(
            {key: use for key, use in accepted.items() if key not in written and use[0] > oldest},
            {key: use for key, use in rejected.items() if key not in counted and use[1] > oldest},
        )
        return True

    def put_back(self, accepted: AcceptedUses, rejected: RejectedUses) -> None:
        """What was noted meanwhile is newer."""
        for key, use in accepted.items():
            newer = self.accepted.setdefault(key, use)
            if newer[1] is None:
                self.accepted[key] = (newer[0], use[1])
        with self.lock:
            for key, (count, at, address) in rejected.items():
                more, newest, its_address = self.rejected.get(key, (0, at, None))
                self.rejected[key] = (count + more, newest, its_address or address)


uses = Uses()
record_accepted, record_rejected, flush = uses.record_accepted, uses.record_rejected, uses.flush
