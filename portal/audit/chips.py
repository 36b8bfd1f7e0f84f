"""The filters that a link has set and no field of the form shows: each as a chip above the list, with a link that takes it away."""

from collections.abc import Sequence
from typing import NamedTuple

from django.http import QueryDict
from django_filters import FilterSet

from portal.audit import targets
from portal.audit.shown import PLACE, Row


class Chip(NamedTuple):
    label: str
    text: str
    without: str


def chips(filterset: FilterSet, rows: Sequence[Row], query: QueryDict, path: str) -> list[Chip]:
    """`rows`: what the list shows, which says what the objects are called."""
    found = []
    for field in filterset.form.hidden_fields():
        if value := query.get(field.name):
            found.append(Chip(str(field.label), name_of(field.name, value, rows[0] if rows else None), without(query, field.name, path)))
    return found


def name_of(field: str, value: str, row: Row | None) -> str:
    kind, _, key = value.partition(":")
    if field == "target":
        return f"{targets.label(kind)} {row.target.text if row else key}"
    if field == "credential":
        return row.credential.text if row else key
    if field == "user" and row:
        return row.who.text if str(row.entry.actor_id) == value else row.target.text
    return value


def without(query: QueryDict, name: str, path: str) -> str:
    rest = query.copy()
    for each in (name, *PLACE):
        rest.pop(each, None)
    return f"{path}?{rest.urlencode()}" if rest else path
