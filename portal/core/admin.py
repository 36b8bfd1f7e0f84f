"""What the Django admin pages of this portal share: they show, and what they hide cannot be asked for either."""

import re
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ActionForm
from django.contrib.admin.templatetags.admin_list import result_headers, results
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.forms import ChoiceField, Media, Select
from django.http import HttpRequest
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from portal.core.ordering import portable

CELL = re.compile(r"^<(t[dh])")


class PortableChangeList(ChangeList):
    """A list in an order that is the same on both databases, and what its template needs to be cards on a phone."""

    model_admin: "PortableAdmin"

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return [each for term in super().get_ordering(request, queryset) for each in portable(queryset, term)]

    def get_ordering_field(self, field_name: Any) -> Any:
        return self.model_admin.sort_keys.get(field_name) or super().get_ordering_field(field_name)

    @cached_property
    def headers(self) -> list[dict[str, Any]]:
        return list(result_headers(self))

    @property
    def rows(self) -> list[list[SafeString]]:
        """The cells as Django renders them, each with the label of its column, which a card shows beside it."""
        labels = ["" if "action-checkbox" in each["class_attrib"] else str(each["text"]) for each in self.headers]
        return [[labelled(cell, label) for cell, label in zip(row, labels, strict=True)] for row in results(self)]

    @property
    def total(self) -> str:
        """`1,234 faults`."""
        name = self.opts.verbose_name if self.result_count == 1 else self.opts.verbose_name_plural
        return f"{self.result_count:,} {name}"


def labelled(cell: SafeString, label: str) -> SafeString:
    label = escape(label[:1].upper() + label[1:])
    return mark_safe(CELL.sub(rf'<\1 data-label="{label}"', cell, count=1)) if label else cell  # noqa: S308  # Django escaped the cell


def pill(kind: str, label: str) -> SafeString:
    """A state as the portal's own pages show it. `kind`: the word after `pill-` in parts.css."""
    return format_html('<span class="pill pill-{}">{}</span>', kind, label)


class PortalActionForm(ActionForm):
    action = ChoiceField(label="Action:", widget=Select({"class": "form-select form-select-sm"}))


class PortableAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # only the stubs can be subscripted
    """Searches and sorts as the portal's own lists do, and costs as little with a million rows: one count for a page."""

    action_form = PortalActionForm
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    sort_keys: dict[str, str] = {}  # columns that are sorted by another one, which has an index
    audited = False  # portal.audit.audited_admin
    media = Media()  # Django's scripts are for forms

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PortableChangeList

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return [f"{field}__finds" for field in super().get_search_fields(request)]


class ReadOnlyAdmin(PortableAdmin):
    """`hidden`: fields that no page shows. Django would let any of them be a filter in the address (`?password__startswith=...`),
    by which a secret can be read a character at a time; such a URL is rejected with 400."""

    hidden: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup.split("__")[0] not in self.hidden and super().lookup_allowed(lookup, value, request)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.hidden
