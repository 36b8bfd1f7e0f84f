"""The audit trail (django-auditlog's LogEntry): one short function that each service calls.

django-auditlog can also watch models by itself. That is not used: it sees neither a conditional UPDATE nor a bulk one,
and it would copy every field of a row, the token's digest among them, unless each was excluded.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog
from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model, TextChoices

from portal.core.actors import Actor

log = structlog.get_logger(__name__)
CREATE, UPDATE, DELETE = LogEntry.Action.CREATE, LogEntry.Action.UPDATE, LogEntry.Action.DELETE


class Event(TextChoices):
    """Security events: what shows who had access, and who tried to get it."""

    SIGNED_IN = "signed_in", "Signed in"
    SIGN_IN_FAILED = "sign_in_failed", "Failed sign-in"
    THROTTLED = "throttled", "Too many attempts"
    SIGNED_OUT = "signed_out", "Signed out"
    RESET_REQUESTED = "reset_requested", "Password reset requested"
    PASSWORD_LINK = "password_link", "Password link created"
    PASSWORD_RESET = "password_reset", "Password reset"
    INVITATION_RESENT = "invitation_resent", "Invitation resent"
    INVITATION_LINK = "invitation_link", "Invitation link copied"
    INVITATION_ACCEPTED = "invitation_accepted", "Invitation accepted"
    PASSWORD_CHANGED = "password_changed", "Password changed"
    TOKEN_REVEALED = "token_revealed", "Temporary token revealed"
    CLI_SIGN_IN = "cli_sign_in", "Command-line sign-in"
    DEVICE_REQUESTED = "device_requested", "Device sign-in requested"
    DEVICE_APPROVED = "device_approved", "Device sign-in approved"
    DEVICE_DENIED = "device_denied", "Device sign-in denied"
    CALENDAR_LINK = "calendar_link", "Calendar link"
    LIST_EXPORTED = "list_exported", "List exported"


def record(actor: Actor | None, target: Model, action: int, **changes: tuple[Any, Any]) -> None:
    """Notes that `actor` (None: the portal itself, or its command line) did `action` to `target`; `changes`: field=(before, after)."""
    record_all(actor, [target], action, **changes)


def record_all(actor: Actor | None, targets: Iterable[Model], action: int, **changes: tuple[Any, Any]) -> None:
    """The same for several targets of one kind, in one statement."""
    changed = {field: [str(before), str(after)] for field, (before, after) in changes.items() if before != after}
    trace = actor.trace() if actor else None
    address = actor and actor.address
    LogEntry.objects.bulk_create(
        entry(actor, target, action=action, remote_addr=address, additional_data=trace, changes=changed) for target in targets
    )


def entry(actor: Actor | None, target: Model, **values: Any) -> LogEntry:
    return LogEntry(
        content_type=ContentType.objects.get_for_model(target),
        object_pk=str(target.pk),
        object_id=target.pk if isinstance(target.pk, int) else None,
        object_repr=str(target),
        actor=actor and actor.user,
        actor_email=actor and actor.user.email,
        **values,
    )


def event(
    kind: Event,
    actor: Actor | None,
    target: Model,
    client: Actor | None = None,
    changes: dict[str, list[str]] | None = None,
    **details: str | int,
) -> None:
    """Records a security event in the audit trail and in the log. `actor`: None if nobody is signed in; `client` says then where the
    request came from. `details`: no secret. `target` need not be a stored row."""
    source = actor or client
    details = {**(source.trace() if source else {}), **details}
    address = source and source.address
    action = LogEntry.Action.UPDATE if changes else LogEntry.Action.ACCESS
    data = {"event": kind.value} | details
    entry(actor, target, action=action, remote_addr=address, additional_data=data, changes=changes or {}).save()
    log.info(kind.value, about=str(target), by=actor and str(actor.user), address=address, **details)


def count_again(kind: Event, target: Model, address: str | None, since: datetime) -> bool:
    """Counts a repetition of an event in the row that was written for it after `since`. False if there is none."""
    content_type = ContentType.objects.get_for_model(target)
    same = {"object_pk": str(target.pk), "remote_addr": address, "additional_data__event": kind.value}
    rows = LogEntry.objects.filter(content_type=content_type, timestamp__gt=since, **same)
    with transaction.atomic():
        row = rows.select_for_update(of=("self",)).order_by("-timestamp").first()
        if row is None:
            return False
        row.additional_data["count"] = row.additional_data.get("count", 1) + 1
        row.save(update_fields=["additional_data"])
    return True
