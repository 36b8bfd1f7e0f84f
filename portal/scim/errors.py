"""Error responses as SCIM has them (RFC 7644, section 3.12), whatever raised the error."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse

from portal.core import permissions as access
from portal.core.error_responses import SCIM_TYPE, APIError, no_store, scim_error_body, unavailable
from portal.core.errors import Code, ServiceError
from portal.core.request_bodies import SCIM_PREFIX
from portal.users.provisioning import Protected
from portal.users.services import LastAdministrator, UserDeleted
from tokens.verification.bearer import BearerError, reject
from tokens.verification.lookup import Unavailable

SENTENCES = {
    400: "The request is malformed.",
    404: "No such resource.",
    405: "Method not allowed.",
    411: "Send the body with a Content-Length header.",
    413: "The request is too large.",
    415: "Send the body as application/scim+json.",
    503: "The database is not responding.",
}
SERVER_ERROR = "Something went wrong on our end. The error has been logged."


class ScimError(Exception):
    """`scim_type`: one of RFC 7644's error keywords, or empty."""

    def __init__(self, status: int, detail: str, scim_type: str = "") -> None:
        super().__init__(status, detail, scim_type)
        self.status, self.detail, self.scim_type = status, detail, scim_type


def respond(status: int, detail: str, scim_type: str = "", headers: tuple[tuple[str, str], ...] = ()) -> HttpResponse:
    body = scim_error_body(status, detail, scim_type)
    return no_store(HttpResponse(body, content_type=SCIM_TYPE, status=status, headers=dict(headers)))


def response_to(raised: Exception) -> HttpResponse | None:
    """The error response for what a view raised; None for a bug."""
    match raised:
        case ScimError():
            return respond(raised.status, raised.detail, raised.scim_type)
        case Unavailable() | OperationalError() | InterfaceError():
            return response_to(unavailable())
        case access.ActorEnded():  # the token or its owner ended while the request was being served
            return response_to(reject(BearerError.INVALID_TOKEN))
        case PermissionDenied():
            return response_to(reject(BearerError.INSUFFICIENT_SCOPE))
        case APIError():
            return respond(raised.status, raised.description, headers=raised.headers)
        case ServiceError():
            return respond(*of_service(raised))
        case Http404():
            return respond(404, SENTENCES[404])
    return None


def of_service(raised: ServiceError) -> tuple[int, str, str]:
    """Status, detail and keyword: the sentences are those of the pages."""
    match raised:
        case Protected():
            return 403, str(raised), ""
        case UserDeleted():
            return 404, SENTENCES[404], ""
        case LastAdministrator():
            return 409, str(raised), ""
    if raised.code == Code.CONFLICT:
        return 409, str(raised), "uniqueness"
    return 400, str(raised), "invalidValue"


def scim_errors(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """`view`, whose errors are responses. What is none of the known ones goes to Django's log."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return no_store(view(request, *args, **kwargs))
        except Exception as raised:
            response = response_to(raised)
            if response is None:
                raise
            return response

    return wrapped


class ScimMiddleware:
    """Below /scim/, an error that came as a page or as the API's JSON goes out as SCIM's: it may be of Django or of another middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            not request.path_info.startswith(SCIM_PREFIX)
            or response.status_code < 300
            or response.get("Content-Type", "").startswith(SCIM_TYPE)
        ):
            return response
        if response.status_code in (204, 304):
            return response
        status = 404 if response.status_code < 400 else response.status_code
        replaced = respond(status, SENTENCES.get(status, SERVER_ERROR))
        for header in ("Allow", "Retry-After"):
            if header in response:
                replaced[header] = response[header]
        return replaced
