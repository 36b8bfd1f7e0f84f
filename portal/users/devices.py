"""Known browsers: people who sign in get a signed cookie, and are from then on not counted together with strangers who try passwords
for the same account. So they cannot lock the owner out (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").

The cookie is no credential: it lets nobody in without the password, and only says which count a wrong password goes to. Its
signature covers the account and the password's hash, so it means nothing for another account, nor after a new password.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse

from portal.users.models import User

LIFETIME = timedelta(days=180)


def known_device(request: HttpRequest, username: str) -> str | None:
    """The id of the browser, if it has signed in to the account `username` before. A session of the account will do too."""
    if request.user.is_authenticated and request.user.username.lower() == username:
        return f"session of {request.user.pk}"
    cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "") if username.isprintable() else ""  # no database takes a NUL
    user = User.objects.filter(username__iexact=username).first() if cookie else None
    return device_id(cookie, user) if user else None


def is_new(request: HttpRequest, user: User) -> bool:
    """Has `user`, who is signing in, not done so in this browser before? No at the very first sign-in, when every browser is new."""
    if getattr(request, "first_sign_in", True):
        return False
    return device_id(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), user) is None


def device_id(cookie: str, user: User) -> str | None:
    """What the cookie says, or None for one that is old, forged, another account's or from before the present password."""
    try:
        return signer(user).unsign(cookie, max_age=LIFETIME)
    except BadSignature:
        return None


def signer(user: User) -> TimestampSigner:
    return TimestampSigner(salt=f"portal.users.devices:{user.pk}:{user.password}")


def remember(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    """Has the response carry a cookie for `user`, who has just signed in or set a password in this browser."""
    request.device_of = user.pk


def connect() -> None:
    """Called once, when the app is ready."""
    for signal in (user_logged_in, password_changed, password_set, password_reset):
        signal.connect(remember)


class DeviceMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Read again: the cookie goes by the password that was stored, which may be newer than the row that the view had.
        if (pk := getattr(request, "device_of", None)) and (user := User.objects.filter(pk=pk).first()):
            set_cookie(response, user, device_id(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), user))
        return response


def set_cookie(response: HttpResponse, user: User, device: str | None) -> None:
    """A browser keeps its id, and with it its count: signing in again and again allows no more wrong passwords."""
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signer(user).sign(device or secrets.token_urlsafe(16)),
        max_age=LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
