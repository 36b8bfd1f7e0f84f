"""Rejected tokens are limited for each address; valid ones from the same address are not, since only rejections are counted.

Counted in windows of one minute, in Redis. Without REDIS_URL, or while Redis does not respond, each process counts for itself. Not in
the database, as sign-ins are (portal/users/throttle.py): a row that is locked and written costs several hundred times as much as a count in
memory, and lets anybody make the database write at the rate of verifications. The count need not be exact either: the limit protects the
log and the machine, not the tokens, whose 190 random bits cannot be guessed.
"""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.core.client_ip import subnet

log = structlog.get_logger(__name__)
WINDOW_SECONDS = 60
MOST_ADDRESSES = 50_000
PAUSE_SECONDS = 5
MOST_WAITING = 100  # rejected tokens of one process whose count in Redis is still to come


class InProcess:
    """Rejected tokens of each address in the present window."""

    def __init__(self) -> None:
        self.window = 0
        self.counts: dict[str, int] = {}
        self.lock = threading.Lock()

    def add(self, address: str, window: int) -> int:
        with self.lock:
            if window != self.window or len(self.counts) > MOST_ADDRESSES:
                self.window, self.counts = window, {}
            self.counts[address] = self.counts.get(address, 0) + 1
            return self.counts[address]


class InRedis:
    """A Redis that does not respond is not used for a while: every rejected token would wait for it."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25, retry=Retry(NoBackoff(), 0))
        self.silent_until = 0.0
        self.in_process = InProcess()
        # Not the event loop's own threads: a slow Redis would keep up whoever waits for those, and they may have valid tokens.
        self.executor = ThreadPoolExecutor(4, thread_name_prefix="rejections")
        self.waiting = 0

    async def add_in_loop(self, address: str, window: int) -> int:
        """`add` without waiting in the event loop. What a slow Redis cannot keep up with is counted in this process."""
        if self.waiting >= MOST_WAITING or time.monotonic() < self.silent_until:
            return self.in_process.add(address, window)
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.executor, self.add, address, window)
        finally:
            self.waiting -= 1

    def add(self, address: str, window: int) -> int:
        if time.monotonic() < self.silent_until:
            return self.in_process.add(address, window)
        key = f"portal:wrong-tokens:{address}:{window}"
        try:
            pipeline = self.client.pipeline()
            pipeline.incr(key)
            pipeline.expire(key, 2 * WINDOW_SECONDS)
            count, _ = pipeline.execute()
        except redis.RedisError as error:
            self.silent_until = time.monotonic() + PAUSE_SECONDS
            log.warning("rejected tokens counted in this process", error=type(error).__name__)
            return self.in_process.add(address, window)
        return count


counter = InRedis(settings.REDIS_URL) if settings.REDIS_URL else InProcess()


def wait_after_failure(address: str | None) -> int:
    """Counts a rejected token from `address`. Returns 0, or the seconds after which it may try again (for Retry-After)."""
    window, left = present_window()
    return left if counter.add(subnet(address) or "-", window) > settings.WRONG_TOKENS_A_MINUTE else 0


async def wait_after_failure_in_loop(address: str | None) -> int:
    """The same for the event loop."""
    if not isinstance(counter, InRedis):
        return wait_after_failure(address)
    window, left = present_window()
    return left if await counter.add_in_loop(subnet(address) or "-", window) > settings.WRONG_TOKENS_A_MINUTE else 0


def present_window() -> tuple[int, int]:
    """Its number, and the seconds that are left of it."""
    window, passed = divmod(int(time.time()), WINDOW_SECONDS)
    return window, WINDOW_SECONDS - passed
