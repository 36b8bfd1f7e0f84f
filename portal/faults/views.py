import json

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from portal.audit.exports import export
from portal.audit.history import history, last_change
from portal.core import permissions as access
from portal.core.errors import ServiceError, add_to_form
from portal.core.htmx import form_page, post_only, rejected_response, success_response
from portal.core.list_views import list_context, wants_csv
from portal.core.requests import AuthenticatedHttpRequest
from portal.faults import notes, services, sources
from portal.faults.forms import NoteForm
from portal.faults.models import Fault
from portal.faults.tables import CSV_COLUMNS, SEARCH, FaultFilter, FaultTable

LABELS = {"note": "Note added"}  # of the audit trail


@require_safe
@access.operator
def fault_list(request: AuthenticatedHttpRequest) -> HttpResponseBase:
    rows = Fault.objects.with_progress().select_related("acknowledged_by")
    if wants_csv(request):
        return export(request, rows, FaultTable, SEARCH, FaultFilter, CSV_COLUMNS)
    context = list_context(request, rows, FaultTable, SEARCH, empty="No open faults.", filter_class=FaultFilter)
    return render(request, "faults/list.html", context)


@require_safe
@access.operator
def fault(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """The one address of a fault, as a page and as a pane."""
    return fault_page(request, get_object_or_404(Fault.objects.select_related("acknowledged_by"), pk=pk), NoteForm())


def fault_page(request: AuthenticatedHttpRequest, fault: Fault, form: NoteForm) -> HttpResponse:
    context = {
        "fault": fault,
        "notes": fault.notes.select_related("author"),
        "notifications": sources.notifications(fault.source, fault.key),
        "audit": history(fault, LABELS),
        "cleared": last_change(fault, "state", "Cleared") if fault.cleared_at else None,
    }
    return form_page(request, "faults/fault.html", form, **context)


@require_safe
@access.operator
def former_address(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """A fault's address in earlier emails and bookmarks."""
    return redirect("faults:fault", get_object_or_404(Fault, pk=pk).pk)


@require_http_methods(["GET", "POST"])
@access.operator
def add_note(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Adds a note. Its URL, opened by itself, leads to the fault; htmx takes the section with the notes from the response."""
    fault = get_object_or_404(Fault.objects.select_related("acknowledged_by"), pk=pk)
    if request.method != "POST":
        return redirect("faults:fault", fault.pk)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            notes.add(fault, form.cleaned_data["text"], access.actor_of(request), timezone.now())
        except ServiceError as error:
            add_to_form(form, error)
        else:
            if not request.htmx:
                return redirect("faults:fault", fault.pk)
            response = fault_page(request, fault, NoteForm())
            response["HX-Trigger"] = json.dumps({"toast": {"text": "Note added.", "level": "success"}})
            return response
    return fault_page(request, fault, form)


@post_only("faults:list")
@access.operator
def acknowledge(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    fault = get_object_or_404(Fault, pk=pk)
    if services.acknowledge(fault, access.actor_of(request), timezone.now()):
        return success_response(request, f"Acknowledged: {fault}", reverse("faults:list"))
    return rejected_response(request, services.settled_already(fault), reverse("faults:list"))


@post_only("faults:list")
@access.operator
def undo_acknowledge(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    fault = get_object_or_404(Fault, pk=pk)
    back = reverse("faults:fault", args=[fault.pk])
    if services.undo_acknowledge(fault, access.actor_of(request)):
        return success_response(request, f"Open again: {fault}", back)
    return rejected_response(request, services.not_acknowledged(fault), back)


@post_only("faults:list")
@access.operator
def acknowledge_many(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The faults that are selected in the list."""
    back = reverse("faults:list")
    ids = [int(text) for text in request.POST.getlist("ids") if text.isascii() and text.isdigit() and len(text) < 19]
    if count := services.acknowledge_many(ids, access.actor_of(request), timezone.now()):
        return success_response(request, f"{count} fault{'' if count == 1 else 's'} acknowledged.", back)
    return rejected_response(request, "None of the selected faults can be acknowledged.", back)
