"""Faults that are not cleared, newest first, in both of DuploCloud's shapes."""

from django.http import StreamingHttpResponse
from ninja import Router

from portal.api.duplo.streams import stream
from portal.core import permissions as access
from portal.core.requests import AuthenticatedHttpRequest
from portal.faults.models import Fault

router = Router()
NEWEST_FIRST = ("-raised_at", "-id")


def shape(fault: Fault) -> dict[str, str]:
    """The portal has no tenants."""
    return {
        "TenantId": "",
        "AccountName": "",
        "ModuleName": fault.name,
        "Resource": fault.resource,
        "ResourceId": fault.key,
        "Description": fault.description,
        "LastSeen": fault.raised_at.isoformat(),
        "Severity": fault.get_severity_display(),
    }


def helpdesk_shape(fault: Fault) -> dict[str, str]:
    return {
        "message": fault.description,
        "severity": fault.severity,
        "resource": fault.resource,
        "detectedAt": fault.raised_at.isoformat(),
        "code": fault.source,
    }


def admin_faults(request: AuthenticatedHttpRequest) -> StreamingHttpResponse:
    return stream(Fault.objects.open(), NEWEST_FIRST, shape)


router.get("/admin/GetAllFaults", operation_id="admin_faults")(access.operator(admin_faults))
router.get("/adminproxy/GetAllFaults", operation_id="proxy_faults")(access.operator(admin_faults))


@router.get("/v1/aiservicedesk/admin/faults")
@access.operator
def helpdesk_faults(request: AuthenticatedHttpRequest) -> StreamingHttpResponse:
    return stream(Fault.objects.open(), NEWEST_FIRST, helpdesk_shape, '{"success": true, "data": {}}')
