"""The portal's own API under /api/v1/: who is calling, and one router for each app."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.parser import Parser

from portal.api import errors
from portal.api.auth import BearerToken
from portal.api.documented import DESCRIPTION, INFO, TAGS
from portal.api.errors import responses
from portal.api.routers import audit, config, faults, sessions, tokens, users
from portal.api.schemas import WhoAmI
from portal.core import permissions as access
from portal.core.error_responses import APIError
from portal.core.requests import AuthenticatedHttpRequest


class JsonParser(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise APIError(415, "invalid_request", "Send the body as application/json.")
        return json.loads(request.body)


class Api(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__


api = Api(
    title=f"{settings.PORTAL_NAME} API",
    description=DESCRIPTION,
    version="1",
    servers=[{"url": settings.PORTAL_URL, "description": settings.PORTAL_NAME}],
    openapi_extra={"info": INFO, "tags": TAGS},
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,  # portal/api/document.py
    auth=BearerToken(),
    parser=JsonParser(),
)
errors.install(api)
api.add_router("/users", users.router)
api.add_router("/users", sessions.router)
api.add_router("", tokens.router)
api.add_router("/config", config.router)
api.add_router("/faults", faults.router)
api.add_router("/audit", audit.router)


@api.get("/whoami", response=responses({200: WhoAmI}), tags=["Who am I"])
@access.signed_in
def whoami(request: AuthenticatedHttpRequest) -> dict[str, Any]:
    """The token's owner, and the token itself. A good first request to try."""
    return {"user": request.user, "token": request.auth}  # type: ignore[attr-defined]  # set by Ninja
