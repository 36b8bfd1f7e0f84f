"""Logs: one line of JSON an event (readable text with DEBUG), and neither a token nor a calendar's secret in any of them.

The redaction is the second line of defence. The first is that nothing ever hands a token's text to a logger.
"""

import re
from typing import Any

import structlog

# Without the word boundaries of `tokens.secret.PATTERN`: in a line of JSON a token after a line break stands behind `\n`, two
# characters of which the second is a letter.
TOKEN = re.compile(r"(tp[pt]_)[0-9A-Za-z]{38}")
# A calendar's address holds its secret, and Django logs the address of whatever it refuses. All that stands up to the next space,
# quotation mark or written line break is taken, since a mistyped secret is most of a secret; a backslash belongs to what it escapes.
CALENDAR = re.compile(r"(calendar)(?:/|%2F)(?:[^\s\"'\\]|\\[^\"'nrt])+", re.IGNORECASE)


def redact(text: str) -> str:
    """`text` with each API token in it cut down to its prefix, and without the secret in a calendar's address."""
    return CALENDAR.sub(r"\1/***.ics", TOKEN.sub(r"\1[redacted]", text))


class RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    """Renders with structlog, then redacts the finished line, so that a traceback or an argument is covered too."""

    def format(self, record: Any) -> str:
        return redact(super().format(record))


def logging_config(debug: bool) -> dict[str, Any]:
    """A `logging.config.dictConfig` dictionary for Django's LOGGING."""
    before = [
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
        render = [structlog.dev.ConsoleRenderer(colors=False)]
    else:
        render = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
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
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structlog"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        # Django adds its own handlers to these two; one line an event is enough.
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        },
    }
