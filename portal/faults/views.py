from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.core import permissions as access
from portal.core.htmx import post_only, rejected_response, success_response
from portal.core.list_views import list_context
from portal.core.requests import AuthenticatedHttpRequest
from portal.faults import services
from portal.faults.models import Fault
from portal.faults.tables import SEARCH, FaultFilter, FaultTable


@require_safe
@access.operator
def fault_list(request: AuthenticatedHttpRequest) -> HttpResponse:
    context = list_context(
        request,
        Fault.objects.with_progress().select_related("acknowledged_by"),
        FaultTable,
        search=SEARCH,
        empty="No open faults.",
        filter_class=FaultFilter,
    )
    return render(request, "faults/list.html", context)


@require_safe
@access.operator
def fault(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """The one address of a fault: the list, with nothing but what is about the same thing."""
    found = get_object_or_404(Fault, pk=pk)
    return redirect(f"{reverse('faults:list')}?{urlencode({'state': 'all', 'q': found.resource})}")


@post_only("faults:list")
@access.operator
def acknowledge(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    fault = get_object_or_404(Fault, pk=pk)
    if services.acknowledge(fault, access.actor_of(request), timezone.now()):
        return success_response(request, f"Acknowledged: {fault}", reverse("faults:list"))
    return rejected_response(request, services.settled_already(fault), reverse("faults:list"))
