"""Error responses as DuploCloud's clients read them, `{"Message": sentence}` with the real status; never a page, never a redirect."""

import json
import re
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

import settings_app.services as config
from portal.api.errors import BY_STATUS, SERVER_ERROR, api_error
from portal.core import request_context
from portal.core.error_responses import APIError, no_store, unavailable

NAMESPACE = "duplo"
# More than the URLs that exist: what the portal does not have is a 404 in JSON too (`duploctl version` requests build-metadata.json).
# No page of the Django admin has a path that goes on from admin/ with a capital letter.
THEIRS = re.compile(r"/(v1|v3|adminproxy)/|/admin/[A-Z]|(/frontdoor)?/build-metadata\.json$")


class DuploMiddleware:
    """Turns these URLs off with the flag in Config, and makes JSON of error pages and of redirects, which Django and other middleware
    respond with. No cache keeps a response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not THEIRS.match(request.path_info):
            return self.get_response(request)
        with request_context.use(request_context.Channel.DUPLO):
            response = self.get_response(request)
        if 300 <= response.status_code < 400:  # to the sign-in page of the Django admin, for example
            return message(404, BY_STATUS[404][1])
        if response.status_code >= 400 and not response["Content-Type"].startswith("application/json"):
            response.content = body(BY_STATUS.get(response.status_code, SERVER_ERROR)[1])
            response["Content-Type"], response["Content-Length"] = "application/json", str(len(response.content))
        no_store(response)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Raises Http404 while the flag is off, before anything else is looked at."""
        match = request.resolver_match
        if match is None or match.namespace != NAMESPACE:
            return None
        try:
            enabled = config.get("duplo_clients")
        except (OperationalError, InterfaceError):
            return respond(unavailable())
        if not enabled:
            raise Http404
        return None


def body(text: str) -> str:
    return json.dumps({"Message": text})


def message(status: int, text: str) -> HttpResponse:
    return no_store(HttpResponse(body(text), content_type="application/json", status=status))


def respond(error: APIError) -> HttpResponse:
    response = message(error.status, error.description)
    for name, value in error.headers:
        response[name] = value
    return response


def install(api: NinjaAPI) -> None:
    """As for `/api/v1/`, with these bodies; a database that does not respond is a 503 wherever it is noticed."""

    def handle(request: HttpRequest, raised: Any) -> HttpResponse:
        error = unavailable() if isinstance(raised, OperationalError | InterfaceError) else api_error(raised)
        if error is None:
            raise raised
        return respond(error)

    for kind in (Exception, ValidationError, HttpError, Http404):
        api.add_exception_handler(kind, handle)
