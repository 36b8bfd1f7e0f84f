"""The audit trail of one object, as its page shows it."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Model, QuerySet

from portal.audit.links import address_of
from portal.audit.models import Entry
from portal.audit.rows import target_of
from portal.audit.services import Event
from portal.audit.slugs import CREATE

SHOWN = 10
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")


class Line(NamedTuple):
    """One entry. `by`: the actor's username, or "" for the portal itself and its command line; `means`: how the actor was authenticated."""

    at: datetime
    by: str
    what: str
    means: str
    address: str


class History(NamedTuple):
    """The newest lines of an object's audit trail. `everything`: the address of all of it, if there is any."""

    lines: list[Line]
    everything: str


def history(target: Model, labels: Mapping[str, str], most: int = SHOWN) -> History:
    """The newest `most` entries about `target`, newest first. `labels`: what to call an entry that changed a field of this name."""
    entries = about(target).order_by("-at", "-pk")[:most]
    return History([line(entry, labels) for entry in entries], address_of_all(target) if entries else "")


def address_of_all(target: Model) -> str:
    """The address of all entries about `target`."""
    kind, key, _ = target_of(target)
    return address_of(target=f"{kind}:{key}")


def created(target: Model) -> Line | None:
    """The entry that says how `target` was created."""
    entry = about(target).filter(event=f"{target_of(target).kind}.{CREATE}").order_by("at", "pk").first()
    return line(entry, {}) if entry else None


def last_change(target: Model, field: str, value: str) -> Line | None:
    """The latest entry that says that `field` of `target` became `value`."""
    entry = about(target).filter(**{f"changes__{field}__1": value}).order_by("-at", "-pk").first()
    return line(entry, {}) if entry else None


def about(target: Model) -> QuerySet[Entry]:
    kind, key, _ = target_of(target)
    return Entry.objects.filter(target_kind=kind, target_id=key)


def line(entry: Entry, labels: Mapping[str, str]) -> Line:
    return Line(entry.at, entry.actor_name, what(entry, labels), means(entry), entry.address or "")


def what(entry: Entry, labels: Mapping[str, str]) -> str:
    """`Created`, `Revoked`, `State: Open → Acknowledged`."""
    if entry.event in Event.values or not entry.changes or entry.event.endswith(f".{CREATE}"):
        return label_of(entry)
    return "; ".join(described(field, values, labels) for field, values in entry.changes.items())


def label_of(entry: Entry) -> str:
    """`Signed in`, `Created`."""
    known = dict[Any, Any](Event.choices)
    return str(known.get(entry.event) or entry.event.rpartition(".")[2].replace("_", " ").capitalize())


def described(field: str, values: list[str], labels: Mapping[str, str]) -> str:
    """`values`: before and after."""
    if field in labels:
        return labels[field]
    before, after = map(moment, values)
    label = field.replace("_", " ").capitalize()
    return f"{label}: {before} → {after}" if before else f"{label}: {after}"


def moment(value: str) -> str:
    """`2026-11-28 15:12:53 UTC` for an instant as the trail keeps it; any other value as it is."""
    if not INSTANT.fullmatch(value):
        return value
    return f"{value[:10]} {value[11:19]} UTC"


def means(entry: Entry) -> str:
    """`in the portal`, `by API token deploy (tpp_…4f2k) of alice@example.com`; "" where nothing is known."""
    if entry.credential_name:
        return f"by API token {entry.credential_name} ({entry.credential_hint}) of {entry.credential_owner}"
    return "in the portal" if entry.credential_kind == "session" else ""
