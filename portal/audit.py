"""The audit trail (django-auditlog's LogEntry): one short function that each verb calls.

django-auditlog can also watch models by itself. That is not used: it sees neither a conditional UPDATE nor a bulk one,
and it would copy every field of a row, the token's digest among them, unless each was excluded.
"""

from typing import Any

from auditlog.models import LogEntry
from django.db.models import Model

CREATE, UPDATE, DELETE = LogEntry.Action.CREATE, LogEntry.Action.UPDATE, LogEntry.Action.DELETE


def record(actor: Model | None, target: Model, action: int, **changes: tuple[Any, Any]) -> None:
    """Notes that `actor` (a User, or None for the portal itself) did `action` to `target`; `changes`: field=(before, after)."""
    LogEntry.objects.log_create(
        target,
        force_log=True,
        action=action,
        actor=actor,
        actor_email=getattr(actor, "email", None),
        changes={field: [str(before), str(after)] for field, (before, after) in changes.items() if before != after},
    )
