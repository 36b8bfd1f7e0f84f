"""The end of a session is announced on the page (static/js/session-end.js), and a new one can begin before the page is left."""

from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.core import permissions as access
from portal.core.requests import AuthenticatedHttpRequest

DONE = "account_signed_in_again"


@require_safe
@access.signed_in
def session(request: AuthenticatedHttpRequest) -> HttpResponse:
    """For a page whose session was about to end: whose session there is now, how many seconds it has left, and its CSRF token."""
    left = request.session.get_expiry_age()
    return JsonResponse({"user": request.user.pk, "seconds": left, "csrf": get_token(request)})


@require_safe
@access.signed_in
def signed_in_again(request: AuthenticatedHttpRequest) -> HttpResponse:
    return render(request, "account/signed_in_again.html")
