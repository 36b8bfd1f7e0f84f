"""The audit trail (django-auditlog's LogEntry): one short function that each verb calls.

django-auditlog can also watch models by itself. That is not used: it sees neither a conditional UPDATE nor a bulk one,
and it would copy every field of a row, the token's digest among them, unless each was excluded.
"""

from collections.abc import Iterable
from typing import Any

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from portal.actors import Actor

CREATE, UPDATE, DELETE = LogEntry.Action.CREATE, LogEntry.Action.UPDATE, LogEntry.Action.DELETE


def record(actor: Actor | None, target: Model, action: int, **changes: tuple[Any, Any]) -> None:
    """Notes that `actor` (None: the portal itself, or its command line) did `action` to `target`; `changes`: field=(before, after)."""
    record_all(actor, [target], action, **changes)


def record_all(actor: Actor | None, targets: Iterable[Model], action: int, **changes: tuple[Any, Any]) -> None:
    """The same for several targets of one kind, in one statement."""
    changed = {field: [str(before), str(after)] for field, (before, after) in changes.items() if before != after}
    LogEntry.objects.bulk_create(
        LogEntry(
            content_type=ContentType.objects.get_for_model(target),
            object_pk=str(target.pk),
            object_id=target.pk if isinstance(target.pk, int) else None,
            object_repr=str(target),
            action=action,
            actor=actor and actor.user,
            actor_email=actor and actor.user.email,
            remote_addr=actor and actor.address,
            additional_data=actor.trace() if actor else None,
            changes=changed,
        )
        for target in targets
    )
