"""The audit trail of one object, as its page shows it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.urls import reverse

from portal.audit.services import Event

SHOWN = 10


class Line(NamedTuple):
    """One entry. `by`: the actor's username, or "" for the portal itself and its command line; `means`: how the actor was authenticated."""

    at: datetime
    by: str
    what: str
    means: str
    address: str


class History(NamedTuple):
    """The newest lines of an object's audit trail. `everything`: where all of it is, if there is more."""

    lines: list[Line]
    everything: str


def history(target: Model, labels: Mapping[str, str], most: int = SHOWN) -> History:
    """The newest `most` entries about `target`, newest first. `labels`: what to call an entry that changed a field of this name."""
    entries = list(about(target).order_by("-timestamp", "-pk")[: most + 1])
    return History([line(entry, labels) for entry in entries[:most]], address_of_all(target) if len(entries) > most else "")


def address_of_all(target: Model) -> str:
    """The address of all entries about `target`, in the Django admin."""
    kind = ContentType.objects.get_for_model(target)
    query = urlencode({"resource_type": kind.pk, "object_pk": str(target.pk)})
    return f"{reverse('admin:auditlog_logentry_changelist')}?{query}"


def created(target: Model) -> Line | None:
    """The entry that says how `target` was created."""
    entry = about(target).filter(action=LogEntry.Action.CREATE).order_by("timestamp").first()
    return line(entry, {}) if entry else None


def last_change(target: Model, field: str, value: str) -> Line | None:
    """The latest entry that says that `field` of `target` became `value`."""
    entry = about(target).filter(**{f"changes__{field}__1": value}).order_by("-timestamp").first()
    return line(entry, {}) if entry else None


def about(target: Model) -> Any:
    content_type = ContentType.objects.get_for_model(target)
    return LogEntry.objects.filter(content_type=content_type, object_pk=str(target.pk)).select_related("actor")


def line(entry: LogEntry, labels: Mapping[str, str]) -> Line:
    by = entry.actor.get_username() if entry.actor else ""
    return Line(entry.timestamp, by, what(entry, labels), means(entry), entry.remote_addr or "")


def what(entry: LogEntry, labels: Mapping[str, str]) -> str:
    """`Created`, `Revoked`, `State: Open → Acknowledged`."""
    data, changes = entry.additional_data or {}, entry.changes or {}
    if "event" in data:
        return dict(Event.choices).get(data["event"], data["event"])
    if entry.action == LogEntry.Action.CREATE:
        return "Created"
    return "; ".join(described(field, values, labels) for field, values in changes.items()) or entry.get_action_display().capitalize()


def described(field: str, values: list[str], labels: Mapping[str, str]) -> str:
    """`values`: before and after."""
    if field in labels:
        return labels[field]
    before, after = values
    label = field.replace("_", " ").capitalize()
    return f"{label}: {before} → {after}" if before else f"{label}: {after}"


def means(entry: LogEntry) -> str:
    """`in the portal`, `by API token deploy (tpp_…4f2k) of alice@example.com`; "" where nothing is known."""
    data = entry.additional_data or {}
    if "token_name" in data:
        return f"by API token {data['token_name']} ({data['token_hint']}) of {data['token_owner']}"
    return "in the portal" if "session" in data else ""
