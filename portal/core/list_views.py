"""What every list shares: search, page size, sorting, paging, and the words for "nothing here"."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django_filters import FilterSet
from django_tables2 import RequestConfig

from portal.core.keyset import Part, backwards, parts_of
from portal.core.paging import Pager
from portal.core.tables import ListTable

SIZES = (10, 25, 50, 100)
DEFAULT_SIZE = 25
SEARCH_MAX = 200
CSV_PARAMETER, LINES_PARAMETER = "format=csv", "format=ndjson"
# Look-ups such as `name__finds`, any of which may match, or a function that takes the rows and the text and returns those that match.
Search = tuple[str, ...] | Callable[[Any, str], Any]


def page_size(request: HttpRequest) -> int:
    text = request.GET.get("per_page", "")
    return int(text) if text in map(str, SIZES) else DEFAULT_SIZE


def search_text(typed: str) -> str:
    """What is looked for: without NULs, which no text holds and PostgreSQL rejects."""
    return typed.replace("\x00", "")[:SEARCH_MAX].strip()


def matching(rows: QuerySet[Any], search: Search, text: str) -> QuerySet[Any]:
    """Those of `rows` in which `search` finds `text`; all of them if there is nothing to look for."""
    if callable(search):
        return search(rows, text) if text else rows
    return rows.filter(Q.create([(field, text) for field in search], connector=Q.OR)) if text else rows


def order_of(table: ListTable) -> str:
    """What the list is sorted by: the order of the first column that the address names, or else the table's own."""
    return next((term for term in table.data.data.query.order_by if isinstance(term, str)), "pk")


def parts(table: ListTable, rows: QuerySet[Any], term: str) -> list[Part]:
    """A table's `orders` say which parts a list has that is sorted by something else than one column."""
    made = table.orders.get(term.removeprefix("-"))
    if made is None:
        return parts_of(rows, term)
    return backwards(made) if term.startswith("-") else made


class Selection(NamedTuple):
    """What an address asks of a list: the rows that match, and their order."""

    rows: QuerySet[Any]
    table: ListTable
    filterset: FilterSet | None
    text: str
    order: str

    @property
    def parts(self) -> list[Part]:
        return parts(self.table, self.rows, self.order)

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set, without those that make no sense and filter nothing out."""
        if self.filterset is None:
            return {}
        self.filterset.form.full_clean()
        return {name: str(value) for name, value in self.filterset.form.cleaned_data.items() if value}

    @property
    def filtered(self) -> bool:
        filterset = self.filterset
        return bool(self.text or (filterset is not None and any(filterset.form.data.get(name) for name in filterset.filters)))


def select(
    request: HttpRequest, rows: QuerySet[Any], table_class: type[ListTable], search: Search, filter_class: type[FilterSet] | None = None
) -> Selection:
    text = search_text(request.GET.get("q", ""))
    filterset = filter_class(request.GET, rows) if filter_class else None
    if filterset is not None:
        filterset.form.auto_id = "filter_%s"  # the page's dialogs have fields of the same names
    rows = matching(rows if filterset is None else filterset.qs, search, text)
    table = table_class(rows)  # without the request: given it, the table would page by itself, by whatever size the address names
    RequestConfig(request, paginate=False).configure(table)
    return Selection(rows, table, filterset, text, order_of(table))


def wants_csv(request: HttpRequest) -> bool:
    """Only as the lists' own links write it, since portal/asgi.py chooses the request's thread by it."""
    return CSV_PARAMETER in request.META.get("QUERY_STRING", "").split("&")


def wants_lines(request: HttpRequest) -> bool:
    """The same for NDJSON."""
    return LINES_PARAMETER in request.META.get("QUERY_STRING", "").split("&")


def export_address(request: HttpRequest, file_format: str = "csv") -> str:
    """The list as a file: all that matches, in the same order."""
    query = request.GET.copy()
    for name in ("page", "after", "before", "per_page", "count"):
        query.pop(name, None)
    query["format"] = file_format
    return f"?{query.urlencode()}"


def columns_cookie(request: HttpRequest, table: ListTable) -> str:
    """The name of the cookie with the columns that this user has hidden in this list, as static/js/columns.js writes it: `a.b`. A cookie,
    so that the page comes without them and nothing jumps."""
    return f"columns-{table.list_name}-{request.user.pk}"


def hidden_columns(request: HttpRequest, table: ListTable) -> set[str]:
    return set(request.COOKIES.get(columns_cookie(request, table), "").split(".")) & {name for name, _title in table.choices()}


def list_context(
    request: HttpRequest,
    rows: QuerySet[Any],
    table_class: type[ListTable],
    search: Search,
    empty: str,
    filter_class: type[FilterSet] | None = None,
) -> dict[str, Any]:
    """The context of `_list.html`: `table` and `list`.
    Which page it is: see `portal.core.paging`."""
    chosen = select(request, rows, table_class, search, filter_class)
    size = page_size(request)
    hidden = hidden_columns(request, chosen.table)
    chosen.table.hide(hidden)
    page = Pager(chosen.rows, chosen.parts, chosen.order, request.GET, size, shown=rows).page()
    return {
        "table": chosen.table,
        "list": {
            "q": chosen.text,
            "per_page": size,
            "sizes": SIZES,
            "page": page,
            "rows": page.rows,
            "name": chosen.table.list_name,
            "choices": [(name, title, name not in hidden) for name, title in chosen.table.choices()],
            "cookie": columns_cookie(request, chosen.table),
            "cells": chosen.table.cells(),
            "total": page.total,
            "filter": chosen.filterset,
            "filtered": chosen.filtered,
            "empty": "Nothing matches your search." if chosen.filtered else empty,
            "export": export_address(request) if chosen.table.exports else "",
        },
    }
