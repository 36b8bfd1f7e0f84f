"""Every error response of the API: `{"error": code, "error_description": sentence}`, and `"field"` where the error is about one."""

from collections.abc import Callable
from typing import Any

import pydantic
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from pydantic.json_schema import SkipJsonSchema

from portal.core import permissions as access
from portal.core.error_responses import UNAVAILABLE, APIError, error_body, error_response, unavailable
from portal.core.errors import Code, ServiceError
from portal.core.request_bodies import API_PREFIXES
from tokens.verification.bearer import BearerError, reject
from tokens.verification.lookup import Unavailable

BY_STATUS = {
    400: ("invalid_request", "The request is malformed."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "Not found, or you don't have access to it."),
    405: ("method_not_allowed", "Method not allowed."),
    411: ("length_required", "Send the body with a Content-Length header."),
    413: ("content_too_large", "The request is too large."),
    415: ("invalid_request", "The API doesn't accept this content type."),
    503: UNAVAILABLE,
}
SERVER_ERROR = ("server_error", "Something went wrong on our end. The error has been logged.")
CHANGED = "It has changed since the version in If-Match. Fetch it again."


class ApiMiddleware:
    """No cache keeps a response of the API, except for its document, and an error that came as a page or as plain text goes out as JSON.

    It stands before all others, so that it sees what they and Django's own error handlers respond."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(API_PREFIXES):
            if "public" not in response.get("Cache-Control", ""):
                response["Cache-Control"] = "no-store"
            if response.status_code >= 400 and not response["Content-Type"].startswith("application/json"):
                response.content = error_body(*BY_STATUS.get(response.status_code, SERVER_ERROR))
                response["Content-Type"] = "application/json"
                response["Content-Length"] = str(len(response.content))
        return response


def api_error(raised: Exception) -> APIError | None:
    """The error response for what a view raised; None for a bug."""
    match raised:
        case APIError():
            return raised
        case ServiceError():
            return service_error(raised)
        case ValidationError():
            return invalid_value(raised)
        case HttpError(__cause__=APIError() as cause):  # django-ninja wraps what our parser raises
            return cause
        case HttpError():
            return APIError(raised.status_code, *BY_STATUS.get(raised.status_code, SERVER_ERROR))
        case access.ActorEnded():  # the token ended while the request was being served
            return reject(BearerError.INVALID_TOKEN)
        case PermissionDenied():
            return reject(BearerError.INSUFFICIENT_SCOPE)
        case Http404():
            return APIError(404, *BY_STATUS[404])
        case Unavailable():
            return unavailable()
    return None


def service_error(raised: ServiceError) -> APIError:
    """The same message and field as on the pages."""
    if raised.code == Code.PRECONDITION_FAILED:
        return APIError(412, raised.code, CHANGED)
    return APIError(409 if raised.code == Code.CONFLICT else 422, raised.code, str(raised), field=raised.field)


def invalid_value(raised: ValidationError) -> APIError:
    """The first value that does not fit the operation's schema."""
    first = raised.errors[0]
    return APIError(422, Code.INVALID_VALUE, first["msg"].removeprefix("Value error, "), field=str(first["loc"][-1]))


def install(api: NinjaAPI) -> None:
    """Makes `api` respond to errors with `api_error`. Everything else is a bug, and goes to Django's log."""

    def handle(request: HttpRequest, raised: Any) -> HttpResponse:
        error = api_error(raised)
        if error is None:
            raise raised
        return error_response(error)

    # django-ninja has handlers of its own for its errors and for Http404, which come before that of Exception.
    for kind in (Exception, ValidationError, HttpError, Http404):
        api.add_exception_handler(kind, handle)


class Error(pydantic.BaseModel):
    """The body of every error response. `field` is left out where the error is about none."""

    error: str = pydantic.Field(description="A code for programs.", examples=["invalid_value"])
    error_description: str = pydantic.Field(description="A sentence for people.", examples=["Send exactly one parameter: token."])
    field: str | SkipJsonSchema[None] = pydantic.Field(None, description="The field or parameter with the error.", examples=["expires"])


def responses(success: dict[int, Any], *errors: int) -> dict[int, Any]:
    """What an operation documents: its successes, the error statuses named, and those that any request can get."""
    body = (408, 413) if 415 in errors else ()  # of a request with a body: too slow, too large
    return {**success, **dict.fromkeys(sorted({400, 401, 429, 503, *body, *errors}), Error)}
