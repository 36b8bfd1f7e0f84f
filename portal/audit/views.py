"""The audit trail's list, and the page of one entry. Those who may review may read all of it, and export what they read."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from portal.audit.chips import chips
from portal.audit.exports import export, export_lines
from portal.audit.filters import EntryFilter, search
from portal.audit.formats import as_line, hexadecimal, instant
from portal.audit.links import address_of
from portal.audit.models import Entry
from portal.audit.shown import detail_rows, rows
from portal.audit.tables import CSV_COLUMNS, EntryTable
from portal.core import permissions as access
from portal.core.list_views import export_address, list_context, wants_csv, wants_lines
from portal.core.requests import AuthenticatedHttpRequest

SAME_REQUEST = 20  # entries that are listed on the page of one of them


@require_safe
@access.operator
def entry_list(request: AuthenticatedHttpRequest) -> HttpResponseBase:
    if wants_csv(request):
        return export(request, Entry.objects.all(), EntryTable, search, EntryFilter, CSV_COLUMNS)
    if wants_lines(request):
        return export_lines(request, Entry.objects.all(), EntryTable, search, EntryFilter, as_line)
    entries = Entry.objects.select_related("actor")
    context = list_context(request, entries, EntryTable, search, empty="No entries.", filter_class=EntryFilter)
    context["list"]["rows"] = shown = rows(context["list"]["rows"], request.user, request.GET)
    context["chips"] = chips(context["list"]["filter"], shown, request.GET, request.path)
    context["list"]["export_lines"] = export_address(request, "ndjson")
    return render(request, "audit/list.html", context)


@require_safe
@access.operator
def entry(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """One entry, as a page and as a pane."""
    found = get_object_or_404(Entry.objects.select_related("actor"), pk=pk)
    same = Entry.objects.filter(request_id=found.request_id).select_related("actor").order_by("pk")
    siblings = list(same[:SAME_REQUEST]) if found.request_id else []
    context = {
        "row": rows([found], request.user)[0],
        "exact": instant(found.at),
        "details": detail_rows(found),
        "siblings": rows(siblings, request.user),
        "hash": hexadecimal(found.hash),
        "previous_hash": hexadecimal(found.previous_hash),
    }
    return render(request, "audit/entry.html", context)


@require_safe
@access.operator
def former_address(request: AuthenticatedHttpRequest, rest: str = "") -> HttpResponse:
    """The list, with those of the former page's filters that it has, too."""
    kept = {"event": request.GET.get("event", ""), "address": request.GET.get("remote_addr", "")}
    return redirect(address_of(**{name: value for name, value in kept.items() if value}))
