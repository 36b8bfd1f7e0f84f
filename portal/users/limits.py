"""What is limited on the sign-in pages: their forms, and wrong passwords. The counting is throttle.py's.

Nobody can keep others out by using up a limit. A known browser (devices.py) is counted by itself, neither with strangers who try
passwords for the same account nor with its neighbours at the same address. An owner whose browser is not known makes it known by a
password reset link; the page that says "Too many attempts" offers one.

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

from portal.core.client_ip import site, subnet
from portal.users import devices, links, signals, throttle
from portal.users.throttle import Attempt, Rate, Throttled

# Limits that strangers share with an owner whose browser is not known.
STRANGERS = (throttle.SIGN_IN_FORMS, throttle.FAILED_BY_ADDRESS, throttle.FAILED_BY_SITE, throttle.FAILED_BY_ACCOUNT)

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
    if device := devices.known_device(request, username):
        return [throttle.hit(throttle.FAILED_BY_DEVICE, f"{username}:{device}", now)]
    attempts = [throttle.hit(throttle.FAILED_BY_ADDRESS, address(request), now)]
    if network := site(request.META.get("REMOTE_ADDR") or ""):
        attempts.append(throttle.hit(throttle.FAILED_BY_SITE, network, now))
    return [*attempts, throttle.hit(throttle.FAILED_BY_ACCOUNT, username, now)]


def folded(text: str) -> str:
    """One form of all spellings that could mean the same account."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def address(request: HttpRequest) -> str:
    """The client's address, for IPv6 its network: a single host may use all of that."""
    return subnet(request.META.get("REMOTE_ADDR")) or "unknown"


def source(request: HttpRequest) -> str:
    """Whom a form of the sign-in pages counts against: the address, or what an account's known browsers send from there."""
    username = folded(request.POST.get("login") or request.POST.get("email") or "")
    known = username and devices.known_device(request, username)
    return f"{username} at {address(request)}" if known else address(request)


def opener(request: HttpRequest) -> str:
    """Whom a new password by a one-time link counts against: the person whose valid link this browser has opened, else the address."""
    person = links.user_of(request.resolver_match.kwargs["uidb36"]) if request.resolver_match else None
    return f"link of {person.pk}" if person and links.opened(request.session, person) else address(request)


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
        context = {
            "wait": in_words(error.retry_after),
            "offers_reset": error.rate in STRANGERS,
            "links_sent": error.rate == throttle.RESETS_BY_EMAIL,
        }
        response = render(request, "429.html", context, status=429)
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
