"""Logs: one line of JSON an event (readable text with DEBUG), and no token, code or secret link in any of them.

The redaction is the second line of defence. The first is that nothing ever hands a token's text to a logger.
"""

import logging
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from portal.core.redaction import redact
from portal.core.request_logs import RequestFilter

MOST_OF_A_TRACEBACK = 10_000  # characters


def shorten_traceback(logger: Any, name: str, event: EventDict) -> EventDict:
    """A structlog processor: keeps a traceback's end, which says what went wrong. Redacted first: half a secret would stay."""
    if len(traceback := event.get("exception", "")) > MOST_OF_A_TRACEBACK:
        event["exception"] = "..." + redact(traceback)[-MOST_OF_A_TRACEBACK:]
    return event


class RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    """Renders with structlog, then redacts the finished line, so that a traceback or an argument is covered too."""

    def format(self, record: Any) -> str:
        return redact(super().format(record))


# Of every event, before it is rendered.
BEFORE: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# Where the package rich is installed, structlog would print the variables of every frame of a traceback: secrets are among them.
CONSOLE = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
JSON: list[Processor] = [structlog.processors.format_exc_info, shorten_traceback, structlog.processors.JSONRenderer()]


def formatter(debug: bool = False) -> RedactingFormatter:
    """The formatter of every handler: the portal's, and that of granian's main process (portal/granian.json)."""
    render: list[Processor] = [CONSOLE] if debug else JSON
    return RedactingFormatter(processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render], foreign_pre_chain=BEFORE)


def json_line(message: str, name: str = "celery", level: int = logging.WARNING) -> str:
    """A line as the handlers write it, for where logging itself must not be used."""
    return formatter().format(logging.LogRecord(name, level, "", 0, message, (), None)) + "\n"


def logging_config(debug: bool) -> dict[str, Any]:
    """A `logging.config.dictConfig` dictionary for Django's LOGGING."""
    logging.captureWarnings(True)  # Python would print them as text, in two lines
    structlog.configure(
        processors=[*BEFORE, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structlog": {"()": formatter, "debug": debug}},
        "filters": {"requests": {"()": RequestFilter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structlog", "filters": ["requests"]}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        # Django and granian add their own handlers to these; one line an event is enough, and it must be redacted.
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
            "_granian": {"handlers": [], "propagate": True},
            "_granian.asgi.io": {"level": "WARNING"},  # a line for each client that leaves before its response
            "granian.access": {"handlers": [], "propagate": True},
        },
    }
