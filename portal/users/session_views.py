"""The end of a session is announced on the page (static/js/session-end.js), and a new one can begin before the page is left."""

from allauth.account.adapter import get_adapter
from allauth.account.forms import ReauthenticateForm
from allauth.account.internal.flows.login import clear_authentication_records, record_authentication
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal.core import permissions as access
from portal.core.requests import AuthenticatedHttpRequest

DONE = "account_signed_in_again"


@require_safe
@access.signed_in
def session(request: AuthenticatedHttpRequest) -> HttpResponse:
    """For a page whose session was about to end: whose session there is now, how many seconds it has left, and its CSRF token."""
    left = request.session.get_expiry_age()
    return JsonResponse({"user": request.user.pk, "seconds": left, "csrf": get_token(request)})


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_again(request: HttpRequest) -> HttpResponse:
    """Signs the same user in once more, by password: a new session and a new temporary token. The other one ends with it. After the end
    of the session this leads to the sign-in page."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse(DONE), resolve_url(settings.LOGIN_URL))
    form = ReauthenticateForm(request.POST or None, user=request.user)
    if form.is_valid():
        request.session.cycle_key()  # login() does that for nobody who is signed in already
        clear_authentication_records(request)
        record_authentication(request, request.user, "password")
        get_adapter(request).login(request, request.user)
        return redirect(DONE)
    return render(request, "account/sign_in_again.html", {"form": form})


@require_safe
@access.signed_in
def signed_in_again(request: AuthenticatedHttpRequest) -> HttpResponse:
    return render(request, "account/signed_in_again.html")
