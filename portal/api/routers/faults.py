"""Faults, for those who may review."""

from typing import Any, Literal

from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router

from portal.api.errors import responses
from portal.api.pagination import ListQuery, Page, page
from portal.api.schemas import FaultOut
from portal.core import permissions as access
from portal.core.errors import Code, ServiceError
from portal.core.list_views import matching, search_text
from portal.core.requests import AuthenticatedHttpRequest
from portal.faults import services
from portal.faults.models import Fault
from portal.faults.tables import SEARCH, FaultFilter

router = Router(tags=["Faults"])


class FaultPage(Page[FaultOut]):
    pass


class FaultQuery(ListQuery):
    state: Literal["open", "acknowledged", "cleared", "all"] | None = None


@router.get("", response=responses({200: FaultPage}, 403, 422))
@access.operator
def list_faults(request: AuthenticatedHttpRequest, query: Query[FaultQuery]) -> dict[str, Any]:
    """Faults, newest first. Without `state`: those that are not cleared."""
    rows = FaultFilter({"state": query.state}, Fault.objects.select_related("acknowledged_by")).qs
    return page(matching(rows, SEARCH, search_text(query.q)), ("-raised_at", "-id"), query)


@router.post("/{int:fault_id}/acknowledge", response=responses({200: FaultOut}, 403, 404, 409, 422))
@access.operator
def acknowledge_fault(request: AuthenticatedHttpRequest, fault_id: int) -> Fault:
    """Marks the fault as seen by the token's owner."""
    fault = get_object_or_404(Fault, pk=fault_id)
    if not services.acknowledge(fault, access.actor_of(request), timezone.now()):
        raise ServiceError(services.settled_already(fault), code=Code.CONFLICT)
    return Fault.objects.select_related("acknowledged_by").get(pk=fault.pk)


@router.delete("/{int:fault_id}/acknowledge", response=responses({200: FaultOut}, 403, 404, 409, 422))
@access.operator
def undo_acknowledge_fault(request: AuthenticatedHttpRequest, fault_id: int) -> Fault:
    """Makes an acknowledged fault open again."""
    fault = get_object_or_404(Fault, pk=fault_id)
    if not services.undo_acknowledge(fault, access.actor_of(request)):
        raise ServiceError(services.not_acknowledged(fault), code=Code.CONFLICT)
    return Fault.objects.select_related("acknowledged_by").get(pk=fault.pk)
