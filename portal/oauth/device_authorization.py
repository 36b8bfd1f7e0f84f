"""`POST /oauth/device_authorization` (RFC 8628): the first step of the sign-in of a program on a machine without a browser."""

from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, JsonResponse
from django.urls import reverse

from portal.core.error_responses import APIError, no_store
from portal.core.errors import ServiceError
from portal.core.permissions import actor_of
from portal.oauth.decorators import token_endpoint
from portal.oauth.forms import read_form, single_param
from portal.users.throttle import Throttled
from tokens.cli_login import device


@token_endpoint
def device_authorization(request: WSGIRequest, now: datetime) -> HttpResponse:
    """The two codes of section 3.2, and the page on which the user enters the shorter one. `client_id` is the program's name; `scope` may
    be sent and changes nothing: the token can do what its user can."""
    form = read_form(request.environ)
    name = single_param(form, "client_id")
    if "scope" in form and len(form["scope"]) != 1:
        raise APIError(400, "invalid_request", "Send scope once at most.")
    try:
        codes = device.start(name, actor_of(request), now)
    except ServiceError as error:
        raise APIError(400, error.code, str(error)) from None
    except Throttled as error:
        wait = ("Retry-After", str(error.retry_after))
        raise APIError(429, "too_many_requests", "Too many device sign-ins from this address.", wait) from None
    except device.Full:
        raise APIError(503, "temporarily_unavailable", "Too many device sign-ins are pending.", ("Retry-After", "60")) from None
    return no_store(JsonResponse(described(codes)))


def described(codes: device.Codes) -> dict[str, str | int]:
    """RFC 8628, section 3.2. Times are seconds."""
    page = settings.PORTAL_URL + reverse("tokens:device")
    return {
        "device_code": codes.device_code,
        "user_code": codes.user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?{urlencode({'user_code': codes.user_code})}",
        "expires_in": int(device.LIFETIME.total_seconds()),
        "interval": device.INTERVAL,
    }
