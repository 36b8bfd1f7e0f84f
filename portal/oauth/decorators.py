"""For token endpoints that are Django views, since they are requested too seldom to be answered in front of Django."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps

from django.core.handlers.wsgi import WSGIRequest
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from portal.core.error_responses import APIError, error_response, unavailable
from portal.oauth.clients import with_basic_challenge
from tokens.verification.lookup import Unavailable

View = Callable[[WSGIRequest, datetime], HttpResponse]


def token_endpoint(view: View) -> Callable[[WSGIRequest], HttpResponse]:
    """A view for POST of a form, called with the time of the request; APIError becomes its error response.

    It must not authenticate by the session's cookie: it has no CSRF check.
    """

    @wraps(view)
    def wrapper(request: WSGIRequest) -> HttpResponse:
        try:
            if request.method != "POST":
                raise APIError(405, "method_not_allowed", "Use POST.", ("Allow", "POST"))
            return view(request, timezone.now())
        except APIError as error:
            return error_response(with_basic_challenge(error))
        except (Unavailable, OperationalError, InterfaceError):
            return error_response(unavailable())

    return csrf_exempt(wrapper)
