"""The audit trail: one short function that each service calls, in the transaction of what it records.

What is recorded is only inserted here (rows.py). Its place in the chain is given later (sealing.py), so that no request waits for another.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog
from django.db.models import Model, TextChoices
from django.utils import timezone

from portal.audit import repetitions, rows
from portal.audit.models import Entry
from portal.audit.rows import target_of as target_of
from portal.audit.slugs import CREATE, DELETE, UPDATE, slug
from portal.core.actors import Actor

__all__ = ["CREATE", "DELETE", "UPDATE", "Event", "count_again", "event", "record", "record_all", "target_of"]
log = structlog.get_logger(__name__)


class Event(TextChoices):
    """Security events: what shows who had access, and who tried to get it."""

    SIGNED_IN = "signed_in", "Signed in"
    SIGN_IN_FAILED = "sign_in_failed", "Failed sign-in"
    THROTTLED = "throttled", "Too many attempts"
    SIGNED_OUT = "signed_out", "Signed out"
    SESSION_ENDED = "session_ended", "Session ended"
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
    COMPANY_REJECTED = "company_rejected", "Company sign-in rejected"
    COMPANY_CONNECTED = "company_connected", "Company sign-in connected"
    COMPANY_DISCONNECTED = "company_disconnected", "Company sign-in disconnected"
    EMAIL_KEPT = "email_kept", "Email address kept: the company's belongs to another user"
    EMERGENCY_SIGN_IN = "emergency_sign_in", "Emergency administrator signed in"
    LIST_EXPORTED = "list_exported", "List exported"
    FACTOR_ADDED = "factor_added", "Second factor added"
    FACTOR_REMOVED = "factor_removed", "Second factor removed"
    FACTOR_RESET = "factor_reset", "Two-factor authentication reset"
    FACTOR_FAILED = "factor_failed", "Second step failed"
    RECOVERY_CODES_CREATED = "recovery_codes_created", "Recovery codes created"
    RECOVERY_CODE_USED = "recovery_code_used", "Recovery code used"


def record(actor: Actor | None, target: Model, action: str, **changes: tuple[Any, Any]) -> None:
    """Records that `actor` (None: the portal itself, or its command line) did `action` to `target`.

    `action`: CREATE, UPDATE, DELETE or another past participle, such as "merged"; `changes`: field=(before, after), no secret."""
    record_all(actor, [target], action, **changes)


def record_all(actor: Actor | None, targets: Iterable[Model], action: str, **changes: tuple[Any, Any]) -> None:
    """The same for several targets of one kind, in one statement."""
    changed = {field: [str(before), str(after)] for field, (before, after) in changes.items() if before != after}
    source = rows.source(actor, actor)
    Entry.objects.bulk_create(
        rows.entry(source, target, slug(rows.kind_of(target), action, changed), changes=changed) for target in targets
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
    request came from. `details`: no secret; `count`: how many events the entry stands for. `target` need not be a stored row."""
    came_from = actor or client
    count = int(details.get("count", 1))
    kept = {name: value for name, value in details.items() if name != "count"}
    rows.entry(rows.source(actor, came_from), target, kind.value, changes=changes or {}, details=kept, count=count).save()
    trace = came_from.trace() if came_from else {}
    log.info(kind.value, about=str(target), by=actor and str(actor.user), address=came_from and came_from.address, **{**trace, **details})


def count_again(kind: Event, target: Model, address: str | None, since: datetime) -> bool:
    """Counts a repetition of an event for which an entry was written after `since`. False if there is none."""
    return repetitions.count(kind.value, rows.target_of(target), address, since, timezone.now())
