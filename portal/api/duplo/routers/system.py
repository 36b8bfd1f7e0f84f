"""What clients ask first: is the token valid, which version is this, and which tenants are there (none: the portal has no tenants)."""

from typing import Any

from ninja import Router

from portal import __version__
from portal.api.duplo.routers.config import settings_of
from portal.core import permissions as access
from portal.core.requests import AuthenticatedHttpRequest
from settings_app.registry import FLAGS

router = Router()


@router.get("/v3/features/system")
@access.signed_in
def features(request: AuthenticatedHttpRequest) -> dict[str, Any]:
    """Config is listed for those who may read it."""
    found = settings_of() if access.may_review(request.user) else []
    return {
        "IsOtpNeeded": False,
        "IsAwsAdminJITEnabled": False,
        "EnabledFlags": [each["Key"] for each in found if each["Type"] == FLAGS and each["Value"] == "true"],
        "AppConfigs": [each for each in found if each["Type"] != FLAGS],
    }


@router.get("/v3/version")
@access.signed_in
def version(request: AuthenticatedHttpRequest) -> dict[str, str]:
    return {"tag": f"v{__version__}", "version": __version__}


@router.get("/adminproxy/GetTenantNames")
@access.signed_in
def tenant_names(request: AuthenticatedHttpRequest) -> list[Any]:
    return []


@router.get("/admin/GetTenantsForUser")
@access.signed_in
def tenants(request: AuthenticatedHttpRequest) -> list[Any]:
    return []
