"""Entries as the list and their own page show them: each value in words, with its page and the list narrowed down to it."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from portal.audit import targets
from portal.audit.history import described
from portal.audit.models import Entry
from portal.audit.words import channel_label, event_label

PLACE = ("page", "after", "before", "count", "format")  # where in the list, and not what is in it
SUMMARY = 120  # characters


class Value(NamedTuple):
    """`address`: its page, if there is one that the reader may open; `only`: the list of entries that have this value."""

    text: str
    address: str = ""
    only: str = ""
    kind: str = ""


class Change(NamedTuple):
    field: str
    values: list[str]


class Row(NamedTuple):
    entry: Entry
    event: Value
    summary: str
    who: Value
    target: Value
    credential: Value
    channel: Value
    source: Value
    request: Value

    @property
    def changes(self) -> list[Change]:
        """Before and after of each field."""
        return [Change(name.replace("_", " ").capitalize(), values) for name, values in self.entry.changes.items()]


def rows(entries: Sequence[Entry], reader: Any, query: QueryDict | None = None) -> list[Row]:
    """`reader`: the user who sees them. `query`: the filters of the list that these are from, which `only` adds to.

    One query for each kind of target."""
    named = {pair for entry in entries for pair in objects(entry)}
    pages = targets.addresses(named, reader)
    kept = [(name, value) for name, values in query.lists() for value in values if name not in PLACE and value] if query else []
    return [row(entry, pages, kept) for entry in entries]


def objects(entry: Entry) -> list[tuple[str, str]]:
    """What an entry names that can have a page, as pairs of kind and id."""
    return [("user", str(entry.actor_id or "")), (entry.target_kind, entry.target_id), (entry.credential_kind, entry.credential_id)]


def row(entry: Entry, pages: dict[tuple[str, str], str], kept: list[tuple[str, str]]) -> Row:
    actor, target, credential = objects(entry)
    who = entry.actor.get_username() if entry.actor else ""
    return Row(
        entry=entry,
        event=Value(event_label(entry.event), reverse("audit:entry", args=[entry.pk]), only(kept, event=entry.event)),
        summary=summary(entry),
        who=Value(entry.actor_name, pages.get(actor, ""), only(kept, who=who)) if who else Value(""),
        target=Value(entry.target_name, pages.get(target, ""), only(kept, target=":".join(target)), targets.label(entry.target_kind)),
        credential=Value(credential_text(entry), pages.get(credential, ""), only(kept, credential=":".join(credential)))
        if entry.credential_kind
        else Value(""),
        channel=Value(channel_label(entry.channel), "", only(kept, channel=entry.channel)) if entry.channel else Value(""),
        source=Value(entry.address, "", only(kept, address=entry.address)) if entry.address else Value(""),
        request=Value(entry.request_id, "", only([], request=entry.request_id)) if entry.request_id else Value(""),
    )


def only(kept: Iterable[tuple[str, str]], **filters: str) -> str:
    """The list with the filters `kept` and these. Plain urlencode: a page calls this six times for each row."""
    return f"{reverse('audit:list')}?{urlencode([*(each for each in kept if each[0] not in filters), *filters.items()])}"


def credential_text(entry: Entry) -> str:
    if entry.credential_kind == "session":
        return f"Session {entry.credential_id[:8]}"
    owner = f" of {entry.credential_owner}" if entry.credential_owner and entry.credential_owner != entry.actor_name else ""
    return f"{entry.credential_name or entry.credential_id} ({entry.credential_hint}){owner}"


def summary(entry: Entry) -> str:
    """What was changed, in a line: `Role: user → operator`."""
    text = "; ".join(described(field, values, {}) for field, values in entry.changes.items())
    return text if len(text) <= SUMMARY else f"{text[:SUMMARY]}…"


def detail_rows(entry: Entry) -> list[tuple[str, Any]]:
    return [(name.replace("_", " ").capitalize(), value) for name, value in entry.details.items()]
