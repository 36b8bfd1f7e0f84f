"""What any visitor can make the portal log: short lines, and only so many of them."""

import logging
import threading
import time
from dataclasses import dataclass

from portal.core.redaction import redact

MOST_CHARACTERS = 500  # of a message: a URL can have 64,000
# Whose lines any visitor can cause.
REQUEST_LOGGERS = ("django.request", "django.security", "django.server", "_granian", "granian.access", "portal.core.rejected_forms")


@dataclass
class Window:
    """The lines of one kind in a span of time."""

    began: float
    lines: int = 0
    left_out: int = 0


class RequestFilter(logging.Filter):
    """Keeps what any visitor can cause short and seldom: `lines` of each kind in `seconds`, then the number of those left out.

    A kind is a logger with a level and a status: a flood of one hides none of another. A client's error (4xx, and what Django calls
    suspicious) has no traceback: it would show nothing but Django's code."""

    def __init__(self, lines: int = 10, seconds: float = 10) -> None:
        super().__init__()
        self.lines, self.seconds = lines, seconds
        self.windows: dict[tuple[str, int, int], Window] = {}
        self.lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(REQUEST_LOGGERS):
            return True
        if self.is_repetition(record):
            return False
        left_out = self.count(record)
        if left_out is None:
            return False
        self.shorten(record, left_out)
        return True

    def is_repetition(self, record: logging.LogRecord) -> bool:
        """Django says of a suspicious request what is wrong with it, and then once more that it was a bad one."""
        request = getattr(record, "request", None)
        if record.name.startswith("django.security.") and request is not None:
            request.security_logged = True
            return False
        return getattr(record, "status_code", 0) == 400 and getattr(request, "security_logged", False)

    def count(self, record: logging.LogRecord) -> int | None:
        """How many lines of this kind were left out before this one, or None where this one is left out too."""
        now, kind = time.monotonic(), (record.name, record.levelno, getattr(record, "status_code", 0))
        with self.lock:
            window = self.windows.get(kind)
            left_out = 0
            if window is None or now - window.began >= self.seconds:
                left_out = window.left_out if window else 0
                window = self.windows[kind] = Window(now)
            if window.lines >= self.lines:
                window.left_out += 1
                return None
            window.lines += 1
            return left_out

    def shorten(self, record: logging.LogRecord, left_out: int) -> None:
        if isinstance(record.msg, dict):  # one of our own, by structlog
            record.msg = record.msg | ({"left_out": left_out} if left_out else {})
            return
        message = redact(record.getMessage())
        if len(message) > MOST_CHARACTERS:
            half = MOST_CHARACTERS // 2
            message = f"{message[:half]} ... {message[-half:]} ({len(message)} characters)"
        if left_out:
            message += f" ({left_out} more like this were left out)"
        record.msg, record.args = message, ()
        if 400 <= getattr(record, "status_code", 0) < 500 or record.name.startswith("django.security"):
            record.exc_info = record.exc_text = None
