"""Can this process serve? The checks of `/readyz`: the database, the broker, and the migrations.

A check runs in a thread of its own, and nobody waits for it longer than LIMIT: a database that hangs, or a network that drops packets,
must not make the probe hang too. Callers share the check that is under way and reuse its result for a second, so that probes which
anybody can request cost one connection a second at most.
"""

import os
import threading
import time
from collections.abc import Callable

import redis
import structlog
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger(__name__)
OK = "ok"
LIMIT = 2.0  # seconds that a caller waits for all checks together
MAX_AGE = 1.0  # seconds for which a result is reused
GIVEN_UP = 30.0  # seconds after which a check that has not ended is left alone, and another one started


class Run:
    """One run of a check. `result`: "ok", or why not; no host, user or password is in it."""

    def __init__(self, function: Callable[[], str]) -> None:
        self.function = function
        self.began, self.ended = time.monotonic(), 0.0
        self.result = f"no response within {LIMIT:.0f} seconds"
        self.done = threading.Event()
        # A daemon: one that hangs does not keep the process from ending.
        threading.Thread(target=self.run, name="readiness", daemon=True).start()

    def run(self) -> None:
        try:
            result = self.function()
        except Exception as error:
            result = f"failed ({type(error).__name__})"  # what it says may hold an address, and the response is for anybody
        self.result, self.ended = result, time.monotonic()
        self.done.set()

    def is_usable(self, now: float) -> bool:
        return now - self.ended < MAX_AGE if self.done.is_set() else now - self.began < GIVEN_UP


class Check:
    """A named check, and its latest run."""

    def __init__(self, function: Callable[[], str]) -> None:
        self.function = function
        self.latest: Run | None = None
        self.reported = OK
        self.lock = threading.Lock()

    def start(self) -> Run:
        """The run that is under way or has just ended, or else a new one."""
        with self.lock:
            if self.latest is None or not self.latest.is_usable(time.monotonic()):
                self.latest = Run(self.function)
            return self.latest

    def report(self, name: str, result: str) -> None:
        """One line in the log for each change."""
        with self.lock:
            changed, self.reported = self.reported != result, result
        if changed:
            log.log(20 if result == OK else 30, "readiness changed", check=name, result=result)


def database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()  # this thread's own
    return OK


def broker() -> str:
    """Redis, or without REDIS_URL the folder that stands for it."""
    if not settings.REDIS_URL:
        return OK if os.access(settings.BROKER_DIR / "queue", os.W_OK | os.X_OK) else "folder not writable"
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
        client.ping()
    return OK


class Migrations:
    """Whether this release's migrations are applied. Once they are it is remembered: nothing takes them back under a serving process."""

    def __init__(self) -> None:
        self.applied = False

    def __call__(self) -> str:
        if self.applied:
            return OK
        try:
            executor = MigrationExecutor(connection)
            missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        finally:
            connection.close()
        self.applied = not missing
        return OK if self.applied else f"{missing} not applied"


CHECKS: dict[str, Check] = {"database": Check(database), "broker": Check(broker), "migrations": Check(Migrations())}


def results(*names: str) -> dict[str, str]:
    """What each of the named checks says: "ok", or why not. Takes LIMIT seconds at most."""
    end = time.monotonic() + LIMIT
    runs = {name: CHECKS[name].start() for name in names}
    for run in runs.values():
        run.done.wait(max(0.0, min(end, run.began + LIMIT) - time.monotonic()))
    found = {name: run.result for name, run in runs.items()}
    for name, result in found.items():
        CHECKS[name].report(name, result)
    return found
