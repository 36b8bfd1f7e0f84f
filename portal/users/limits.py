"""What is limited at the door: the sign-in pages, and wrong passwords. The counting is throttle.py's.

django-allauth's own limits of these pages are switched off (ACCOUNT_RATE_LIMITS), so that nothing is counted twice.
"""

import math
import unicodedata
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.core.client_ip import subnet
from portal.users import devices, signals, throttle
from portal.users.throttle import Attempt, Rate, Throttled

View = Callable[..., HttpResponse]
Subject = Callable[[HttpRequest], str]


def limited(view: View, *rules: tuple[Rate, Subject]) -> View:
    """`view`, whose forms are counted by each rule. Where a rule's subject is empty, it counts nothing."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            for rate, subject in rules:
                if whom := subject(request):
                    throttle.hit(rate, whom, timezone.now())
        return view(request, *args, **kwargs)

    return wrapper


def take_sign_in(request: HttpRequest, login: str) -> list[Attempt]:
    """Counts a password for the account `login`, before it is tried. Raises Throttled."""
    now, username = timezone.now(), folded(login)
    by_address = throttle.hit(throttle.FAILED_BY_ADDRESS, address(request), now)
    if device := devices.known_device(request, username):
        return [by_address, throttle.hit(throttle.FAILED_BY_DEVICE, f"{username}:{device}", now)]
    return [by_address, throttle.hit(throttle.FAILED_BY_ACCOUNT, username, now)]


def folded(text: str) -> str:
    """One form of all spellings that could mean the same account."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def address(request: HttpRequest) -> str:
    """The client's address, for IPv6 its network: a single host may use all of that."""
    return subnet(request.META.get("REMOTE_ADDR")) or "unknown"


def user(request: HttpRequest) -> str:
    return str(request.user.pk or "")


def email(request: HttpRequest) -> str:
    return folded(request.POST.get("email", ""))


class ThrottleMiddleware:
    """Answers what is Throttled, however deep in a form that was found, with 429 and when to try again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Throttled):
            return None
        signals.attempt_throttled.send(
            sender=Throttled, request=request, action=error.rate.action, account=account(request), retry_after=error.retry_after
        )
        response = render(request, "429.html", {"wait": in_words(error.retry_after)}, status=429)
        response["Retry-After"] = str(error.retry_after)
        return response


def account(request: HttpRequest) -> str:
    """What was typed as the account, or who is signed in; empty where it is neither."""
    return request.POST.get("login") or request.POST.get("email") or request.user.get_username()


def in_words(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} second{'s' * (seconds != 1)}"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} minute{'s' * (minutes != 1)}"
