"""Lists that are saved as CSV: who did so, and by which filters, is in the audit trail."""

from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django_filters import FilterSet

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.csv_export import Columns, csv_response
from portal.core.list_views import Search, select
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
    """All that `request` selects of the list, as a file with the list's name. What was searched for is not recorded: it may be a token."""
    selection = select(request, rows, table_class, search, filter_class)
    actor = access.actor_of(request)
    text = ", ".join(f"{key}={value[:100]}" for key, value in selection.filters.items())
    audit.event(audit.Event.LIST_EXPORTED, actor, actor.user, list=table_class.list_name, filters=text[:500])
    return csv_response(selection, columns, table_class.list_name)
