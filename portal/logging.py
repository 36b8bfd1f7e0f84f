"""Logs: one line of JSON an event (readable text with DEBUG), and no token, code or secret link in any of them.

The redaction is the second line of defence. The first is that nothing ever hands a token's text to a logger.
"""

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


def logging_config(debug: bool) -> dict[str, Any]:
    """A `logging.config.dictConfig` dictionary for Django's LOGGING."""
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    if debug:
        render: list[Processor] = [structlog.dev.ConsoleRenderer(colors=False)]
    else:
        render = [structlog.processors.format_exc_info, shorten_traceback, structlog.processors.JSONRenderer()]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structlog": {
                "()": RedactingFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
                "foreign_pre_chain": before,
            }
        },
        "filters": {"requests": {"()": RequestFilter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structlog", "filters": ["requests"]}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        # Django and granian add their own handlers to these; one line an event is enough, and it must be redacted.
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
            "_granian": {"handlers": [], "propagate": True},
            "granian.access": {"handlers": [], "propagate": True},
        },
    }
