"""The page on which a user enters the code of a program on another machine, sees which program it is, and decides (RFC 8628)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.core import permissions as access
from portal.core.errors import ServiceError
from portal.core.htmx import post_only
from portal.core.requests import AuthenticatedHttpRequest
from portal.users import limits, throttle
from portal.users.recent_views import recent_sign_in
from tokens import sessions
from tokens.cli_login import device
from tokens.models import DeviceLogin

MOST_TYPED = 100


@require_http_methods(["GET", "HEAD", "POST"])
@access.signed_in
@recent_sign_in("tokens:device")
def enter_code(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The code, and for a right one the program that waits for a decision. `?user_code=` fills the code in (section 3.3.1)."""
    if request.method != "POST":
        return code_page(request, request.GET.get("user_code", ""))
    typed = request.POST.get("user_code", "")
    try:
        login = find(request, typed)
    except ServiceError as error:
        return code_page(request, typed, error)
    token = sessions.current(request.session, timezone.now())
    if token is None or sessions.reveal(token) is None:
        return render(request, "tokens/cli_rejected.html", status=409)
    context = {"login": login, "token": token, "user_code": device.shown(device.letters_of(typed))}
    return render(request, "tokens/device_consent.html", context)


@post_only("tokens:device")
@access.signed_in
@recent_sign_in("tokens:device")
def approve(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The program may fetch the session's temporary token."""
    typed, now = request.POST.get("confirmed", ""), timezone.now()
    token = sessions.current(request.session, now)
    if token is None or sessions.reveal(token) is None:
        return render(request, "tokens/cli_rejected.html", status=409)
    try:
        login = find(request, typed)
        device.approve(login, token, access.actor_of(request), now)
    except ServiceError as error:
        return code_page(request, typed, error)
    return render(request, "tokens/device_decided.html", {"login": login, "approved": True})


@post_only("tokens:device")
@access.signed_in
def deny(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The program gets nothing."""
    typed = request.POST.get("confirmed", "")
    try:
        login = find(request, typed)
        device.deny(login, access.actor_of(request), timezone.now())
    except ServiceError as error:
        return code_page(request, typed, error)
    return render(request, "tokens/device_decided.html", {"login": login})


def code_page(request: HttpRequest, typed: str, error: ServiceError | None = None) -> HttpResponse:
    context = {"user_code": typed[:MOST_TYPED], "error": error}
    return render(request, "tokens/device_code.html", context, status=422 if error else 200)


def find(request: AuthenticatedHttpRequest, typed: str) -> DeviceLogin:
    """The sign-in that a code stands for. Wrong codes are counted against the user and the address (section 5.1). Each is counted before
    it is looked up, so that simultaneous ones cannot exceed the limit. Raises ServiceError and Throttled."""
    if not device.letters_of(typed[:MOST_TYPED]):
        raise ServiceError("Enter the code that the program shows.", "user_code")
    now = timezone.now()
    attempts = [
        throttle.hit(throttle.DEVICE_CODES_BY_USER, limits.user(request), now),  # first: a rejected user takes nothing from an address
        throttle.hit(throttle.DEVICE_CODES_BY_ADDRESS, limits.address(request), now),
    ]
    login = device.find(typed[:MOST_TYPED], now)
    throttle.give_back(attempts)
    return login
