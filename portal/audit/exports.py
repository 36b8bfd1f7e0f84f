"""Lists that are saved as files: who did so, and by which filters, is in the audit trail."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django_filters import FilterSet

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.csv_export import Columns, csv_response, lines_response
from portal.core.list_views import Search, Selection, select
from portal.core.requests import AuthenticatedHttpRequest
from portal.core.tables import ListTable


def export(
    request: AuthenticatedHttpRequest,
    rows: QuerySet[Any],
    table_class: type[ListTable],
    search: Search,
    filter_class: type[FilterSet],
    columns: Columns,
) -> StreamingHttpResponse:
    """All that `request` selects of the list as CSV, as a file with the list's name."""
    return csv_response(recorded(request, rows, table_class, search, filter_class), columns, table_class.list_name)


def export_lines(
    request: AuthenticatedHttpRequest,
    rows: QuerySet[Any],
    table_class: type[ListTable],
    search: Search,
    filter_class: type[FilterSet],
    line: Callable[[Any], str],
) -> StreamingHttpResponse:
    """The same as NDJSON: `line` writes a row."""
    return lines_response(recorded(request, rows, table_class, search, filter_class), line, table_class.list_name)


def recorded(
    request: AuthenticatedHttpRequest, rows: QuerySet[Any], table_class: type[ListTable], search: Search, filter_class: type[FilterSet]
) -> Selection:
    """What `request` selects. What was searched for is not recorded: it may be a token."""
    selection = select(request, rows, table_class, search, filter_class)
    actor = access.actor_of(request)
    text = ", ".join(f"{key}={value[:100]}" for key, value in selection.filters.items())
    audit.event(audit.Event.LIST_EXPORTED, actor, actor.user, list=table_class.list_name, filters=text[:500])
    return selection
