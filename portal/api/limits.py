"""Wrong tokens from one address are slowed down; good ones from the same address are not, since only a failure is counted.

Counted in windows of one minute, in Redis, or on the embedded default in this process. If Redis does not answer, nothing is
limited: the limit protects the log and the machine, not the tokens, whose 190 random bits no number of tries finds.
"""

import threading
import time

import redis
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)
WINDOW_SECONDS = 60
MOST_ADDRESSES = 50_000


class InProcess:
    """Failures of each address in the present window."""

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
    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)

    def add(self, address: str, window: int) -> int:
        key = f"portal:wrong-tokens:{address}:{window}"
        try:
            count, _ = self.client.pipeline().incr(key).expire(key, 2 * WINDOW_SECONDS).execute()
        except redis.RedisError as error:
            log.warning("wrong tokens not counted", error=type(error).__name__)
            return 0
        return count


counter = InRedis(settings.REDIS_URL) if settings.REDIS_URL else InProcess()


def wait_after_failure(address: str | None) -> int:
    """Notes a wrong token from `address`. Returns 0, or the seconds after which it may try again (for Retry-After)."""
    seconds = int(time.time())
    window, passed = divmod(seconds, WINDOW_SECONDS)
    if counter.add(address or "-", window) <= settings.WRONG_TOKENS_A_MINUTE:
        return 0
    return WINDOW_SECONDS - passed
