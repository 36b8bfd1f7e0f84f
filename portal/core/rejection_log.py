"""One line in the log for each rejected token and each failed sign-in. Strangers cause them, so they are bounded.

In a minute a process writes at most LINES lines of one event for an address (for IPv6, its network of 64 bits), and MOST_LINES in all.
What is beyond is counted; when the minute is over, a line for each address says how many were left out. A line has an event, an address
and a reason, and never what was sent: a password may have been typed where a name belongs.

`report` holds a lock for microseconds and waits for nothing else, so that an event loop may call it.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any

import structlog

from portal.core.client_ip import subnet

log = structlog.get_logger(__name__)
SECONDS = 60.0
LINES = 5
MOST_LINES = 300
MOST_SUMMARIES = 50
MOST_ADDRESSES = 10_000  # that are counted apart; the others are counted together
OTHERS = "others"


@dataclass(slots=True)
class Count:
    written: int = 0
    left_out: int = 0


class RejectionLog:
    """The events of the present minute: (event, network) -> how many were written and left out."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Count] = {}
        self.ends = 0.0  # monotonic seconds
        self.written = 0
        self.timer: threading.Timer | None = None
        self.lock = threading.Lock()

    def report(self, event: str, address: str | None, reason: str, **details: Any) -> None:
        """`address`: the client's, None if it has none; `details`: further fields, none of them chosen by the client."""
        now = time.monotonic()
        if self.ends <= now:
            self.end_minute(now)
        if self.is_within_limits((event, subnet(address)), now):
            log.warning(event, address=address, reason=reason, **details)

    def is_within_limits(self, key: tuple[str, str], now: float) -> bool:
        with self.lock:
            if key not in self.counts and len(self.counts) >= MOST_ADDRESSES:
                key = (key[0], OTHERS)
            count = self.counts.setdefault(key, Count())
            if count.written < LINES and self.written < MOST_LINES:
                count.written += 1
                self.written += 1
                return True
            count.left_out += 1
            if self.timer is None:  # the count is written even if nothing follows
                self.timer = threading.Timer(max(0.0, self.ends - now), self.end_minute)
                self.timer.daemon = True
                self.timer.start()
        return False

    def end_minute(self, now: float | None = None) -> None:
        """Begins a new minute, and writes how many events of the one before were left out."""
        with self.lock:
            over, self.counts = self.counts, {}
            if self.timer:
                self.timer.cancel()
            self.ends, self.written, self.timer = (now or time.monotonic()) + SECONDS, 0, None
        left_out = sorted(((count.left_out, *key) for key, count in over.items() if count.left_out), reverse=True)
        for number, event, network in left_out[:MOST_SUMMARIES]:
            log.warning(f"{event}: more were left out", address=network or None, left_out=number)
        if rest := left_out[MOST_SUMMARIES:]:
            log.warning("rejections: more were left out", addresses=len(rest), left_out=sum(number for number, *_ in rest))


report = RejectionLog().report
