"""Every error of the API in one shape: `{"error": code, "error_description": words for a person}`, and `"field"` where one is meant."""

from collections.abc import Callable
from typing import Any

import pydantic
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from portal.core import permissions as access
from portal.core.error_responses import OUTAGE, Answer, body, outage, refused
from portal.core.errors import Code, ServiceError
from tokens.verification.authenticate import fail
from tokens.verification.bearer import Problem
from tokens.verification.lookup import Unavailable

# What is answered in this shape whoever made the error: this API, Django, or a middleware.
PREFIXES = ("/api/", "/oauth/", "/cli/token")
NOT_FOUND = (404, "not_found", "There is nothing here, or nothing that you may see.")
BY_STATUS = {
    400: ("invalid_request", "The request cannot be understood."),
    403: ("forbidden", "This is not allowed."),
    404: NOT_FOUND[1:],
    405: ("method_not_allowed", "This address does not know the method of the request."),
    411: ("length_required", "Send the body with a Content-Length header."),
    413: ("content_too_large", "The request is too large."),
    415: ("invalid_request", "The API doesn't accept this content type."),
    503: OUTAGE,
}
SERVER_ERROR = ("server_error", "The fault is on our side and was written down. Try again in a moment.")


def error(status: int, code: str, words: str, field: str | None = None) -> HttpResponse:
    return HttpResponse(body(code, words, field), status=status, content_type="application/json")


class ApiMiddleware:
    """No cache keeps an answer of the API, and an error that came as a page or as plain text goes out as JSON.

    It stands before all others, so that it sees what they and Django's own error handlers answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(PREFIXES):
            response["Cache-Control"] = "no-store"
            if response.status_code >= 400 and not response["Content-Type"].startswith("application/json"):
                response.content = body(*BY_STATUS.get(response.status_code, SERVER_ERROR))
                response["Content-Type"] = "application/json"
                response["Content-Length"] = str(len(response.content))
        return response


def of_answer(request: HttpRequest, raised: Answer) -> HttpResponse:
    return refused(raised)


def of_service(request: HttpRequest, raised: ServiceError) -> HttpResponse:
    """The words that the pages show, and the field that they show them at."""
    if raised.code == Code.PRECONDITION_FAILED:
        return error(412, raised.code, "It has been changed since the version in If-Match. Read it again.")
    return error(409 if raised.code == Code.CONFLICT else 422, raised.code, str(raised), raised.field)


def of_shape(request: HttpRequest, raised: ValidationError) -> HttpResponse:
    """What does not fit the operation's schema: the first misfit."""
    first = raised.errors[0]
    words = first["msg"].removeprefix("Value error, ")
    return error(422, "invalid_value", words, str(first["loc"][-1]))


def of_http(request: HttpRequest, raised: HttpError) -> HttpResponse:
    """django-ninja's own; it is also what an error of our parser comes wrapped in."""
    if isinstance(raised.__cause__, Answer):
        return refused(raised.__cause__)
    return error(raised.status_code, *BY_STATUS.get(raised.status_code, SERVER_ERROR))


def of_permission(request: HttpRequest, raised: PermissionDenied) -> HttpResponse:
    """A token that ended while the request was being served is rejected as such, not for its owner's role."""
    return refused(fail(Problem.INVALID if isinstance(raised, access.ActorEnded) else Problem.FORBIDDEN))


def of_missing(request: HttpRequest, raised: Http404) -> HttpResponse:
    return error(*NOT_FOUND)


def of_outage(request: HttpRequest, raised: Unavailable) -> HttpResponse:
    return refused(outage())


def install(api: NinjaAPI) -> None:
    """Makes `api` answer each kind of error with the functions above. Everything else is a bug, and goes to Django's log."""
    handlers = {
        Answer: of_answer,
        ValidationError: of_shape,
        HttpError: of_http,
        PermissionDenied: of_permission,
        Http404: of_missing,
        Unavailable: of_outage,
        ServiceError: of_service,
        Exception: reraise,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def reraise(request: HttpRequest, raised: Exception) -> HttpResponse:
    raise raised


class Error(pydantic.BaseModel):
    """The one shape of every error."""

    error: str
    error_description: str
    field: str | None = None


def answers(success: dict[int, Any], *errors: int) -> dict[int, Any]:
    """What an operation documents: its successes, the errors named, and those that any request can meet."""
    return {**success, **dict.fromkeys(sorted({400, 401, 429, 503, *errors}), Error)}
