"""By what the audit trail can be filtered and searched. Each filter has an index that ends in the order of the list."""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from portal.audit import targets
from portal.audit.models import Entry
from portal.audit.words import event_choices, event_label
from portal.core.days import DAY, DayFilter, start_of
from portal.core.keyset import LARGEST
from portal.core.request_context import Channel
from portal.core.text import fold

Rows = QuerySet[Entry]
MOST_ACTORS = 100  # whose names begin with what is searched for
LAST = "\U0010ffff"  # no text that begins so sorts after it
SLUG = re.compile(r"[a-z_]{1,40}(\.[a-z_]{1,40})?", re.ASCII)
REQUEST_ID = re.compile(r"[0-9A-Za-z._-]{8,128}")


def box(placeholder: str = "") -> forms.TextInput:
    return forms.TextInput(attrs={"placeholder": placeholder, "autocomplete": "off", "maxlength": 200})


class EntryFilter(django_filters.FilterSet):
    """A value that makes no sense filters nothing out. The hidden ones are set by links: "all of this session", "all about this token"."""

    event = django_filters.ChoiceFilter(label="Event", empty_label="Any event", choices=event_choices)
    who = django_filters.CharFilter(label="Who", method="by_username", widget=box("Username"))
    kind = django_filters.ChoiceFilter(label="On", field_name="target_kind", empty_label="Anything", choices=targets.choices)
    channel = django_filters.ChoiceFilter(label="Channel", empty_label="Any channel", choices=Channel.choices)
    address = django_filters.CharFilter(label="Address", method="by_address", widget=box("192.0.2.1"))
    from_day = DayFilter(label="From", method="since")
    to_day = DayFilter(label="To", method="until")
    target = django_filters.CharFilter(label="Target", method="by_target", widget=forms.HiddenInput)
    credential = django_filters.CharFilter(label="Session or token", method="by_credential", widget=forms.HiddenInput)
    request = django_filters.CharFilter(label="Request", field_name="request_id", widget=forms.HiddenInput)
    user = django_filters.NumberFilter(label="User", method="by_or_about", widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        """Events and kinds that no app has registered can be filtered by, too: those of earlier releases, for example."""
        super().__init__(*args, **options)
        for name, word in (("event", event_label), ("kind", targets.label)):
            asked = self.data.get(name, "")
            choices = self.filters[name].extra["choices"]()
            if SLUG.fullmatch(asked) and asked not in dict(flat(choices)):
                self.filters[name].extra["choices"] = [*choices, (asked, word(asked))]

    def by_username(self, rows: Rows, name: str, value: str) -> Rows:
        """The username, or a former one, in any case; looked up first, so that the index of actors finds the entries."""
        return rows.filter(actor__in=[*named("username", value), *named("former_names__name", value)])

    def by_address(self, rows: Rows, name: str, value: str) -> Rows:
        found = address(value)
        return rows.filter(address=found) if found else rows.none()

    def by_target(self, rows: Rows, name: str, value: str) -> Rows:
        """`token:6f1c…`: a kind and an id."""
        kind, _, key = value.partition(":")
        return rows.filter(target_kind=kind, target_id=key)

    def by_credential(self, rows: Rows, name: str, value: str) -> Rows:
        kind, _, key = value.partition(":")
        return rows.filter(credential_kind=kind, credential_id=key)

    def by_or_about(self, rows: Rows, name: str, value: Any) -> Rows:
        return by_or_about(rows, int(value)) if 0 < value < LARGEST else rows.none()

    def since(self, rows: Rows, name: str, value: date) -> Rows:
        return rows.filter(at__gte=start_of(value))

    def until(self, rows: Rows, name: str, value: date) -> Rows:
        return rows.filter(at__lt=start_of(value + DAY))


def named(field: str, name: str) -> list[int]:
    """The keys of the users whose `field` is `name` in any case: by an index."""
    users = get_user_model().objects.annotate(lower=Lower(field)).filter(lower=name.lower())
    return list(users.order_by().values_list("pk", flat=True))


def flat(choices: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    """Choices without their groups."""
    for value, label in choices:
        yield from [(value, label)] if isinstance(label, str) else label


def by_or_about(rows: Rows, user_id: int) -> Rows:
    """What this user did, and what was done to them."""
    return rows.filter(Q(actor=user_id) | Q(target_kind="user", target_id=str(user_id)))


def address(text: str) -> str | None:
    """An IP address as the database writes it; None for anything else."""
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return None if "%" in str(found) else str(found)  # PostgreSQL has none with a zone


def search(rows: Rows, text: str) -> Rows:
    """Those whose address or request id is `text`, or where it is how the name of the target or of the actor begins."""
    if found := address(text):
        return rows.filter(address=found)
    start = fold(text)
    users = get_user_model().objects.filter(search_key__gte=start, search_key__lt=start + LAST)
    actors = list(users.order_by("search_key").values_list("pk", flat=True)[:MOST_ACTORS])
    wanted = Q(target_key__gte=start, target_key__lt=start + LAST) | Q(actor__in=actors)
    return rows.filter(wanted | Q(request_id=text) if REQUEST_ID.fullmatch(text) else wanted)
