"""Logs: one line of JSON an event (readable text with DEBUG), and no token in any of them.

The redaction is the second line of defence. The first is that nothing ever hands a token's text to a logger.
"""

import re
from typing import Any

import structlog

# Without the word boundaries of `tokens.secret.PATTERN`: in a line of JSON a token after a line break stands behind `\n`, two
# characters of which the second is a letter.
TOKEN = re.compile(r"(tp[pt]_)[0-9A-Za-z]{38}")


def redact(text: str) -> str:
    """`text` with each API token in it cut down to its prefix."""
    return TOKEN.sub(r"\1[redacted]", text)


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
