"""Views that need a recent sign-in. Behind the decorators of `portal.core.permissions`."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from portal.users import recent

View = TypeVar("View", bound=Callable[..., Any])
CONFIRM = "Confirm it's you, then submit this form again."
AGAIN = "account_signed_in_again"  # "Close this tab and continue where you were."


def confirmed(view: View) -> View:
    """For changes to how the user signs in: asks to confirm who it is, unless that was shown a moment ago."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if recent.within(request.session, recent.FOR_SIGN_IN, timezone.now()):
            return view(request, *args, **kwargs)
        return to_confirm(request, request.get_full_path())

    return cast(View, guarded)


def recent_sign_in(back: str = "", keep_form: bool = False) -> Callable[[View], View]:
    """For what creates or shows a token: asks to confirm who it is where Config says so. After that a GET goes on, and a POST to `back`, a
    URL's name. `keep_form`: the view itself answers a POST, so that what was typed is kept."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            goes_on = (keep_form and request.method == "POST") or not recent.is_too_old(request.session, timezone.now())
            if goes_on:
                return view(request, *args, **kwargs)
            return to_confirm(request, reverse(back) if back and request.method == "POST" else request.get_full_path())

        return cast(View, guarded)

    return decorate


def confirm_url(onward: str) -> str:
    return f"{reverse('account_reauthenticate')}?{urlencode({'next': onward})}"


def to_confirm(request: HttpRequest, onward: str) -> HttpResponse:
    """To *Confirm it's you*, as a page or in the dialog that was being opened; for a script, its address."""
    url = confirm_url(onward)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"error": "Confirm it's you first.", "confirm": url}, status=403)
    return redirect(url)


def must_confirm(request: HttpRequest) -> str:
    """For the view of a form that `recent_sign_in` lets pass: where to confirm who it is, in a new tab; empty if that is not needed."""
    return confirm_url(reverse(AGAIN)) if recent.is_too_old(request.session, timezone.now()) else ""
