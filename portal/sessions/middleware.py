from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.sessions import activity
from portal.sessions.receivers import use_of


class LastSeenMiddleware:
    """Notes when, where and with which device a session was last used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        by_token = hasattr(request, "credential")
        if not by_token and request.user.is_authenticated and request.session.session_key:
            activity.seen(request.user, use_of(request), timezone.now())
        return response
