"""Django views of the API's plain part: in and out as in `front`, for what is asked too seldom to be answered before Django."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from portal.core.error_responses import Answer, kept_nowhere, outage, refused
from tokens.verification.lookup import Unavailable

View = Callable[[HttpRequest, datetime], HttpResponse]


def posted(view: View) -> Callable[[HttpRequest], HttpResponse]:
    """A view for POST of a form. It decides nothing by the session's cookie, so that no other site can use it (no CSRF check is needed)."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            if request.method != "POST":
                raise Answer(405, "method_not_allowed", "Use POST.", ("Allow", "POST"))
            return view(request, timezone.now())
        except Answer as refusal:
            return refused(refusal)
        except (Unavailable, OperationalError, InterfaceError):
            return refused(outage())

    return csrf_exempt(answer)


def stored_nowhere(data: dict[str, Any]) -> HttpResponse:
    """JSON that no cache may keep (RFC 6749, section 5.1)."""
    return kept_nowhere(JsonResponse(data))
