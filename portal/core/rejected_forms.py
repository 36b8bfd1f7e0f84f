"""A form that was rejected before its view saw it: its session has ended, or its CSRF check failed. The page says which of the causes it
was, and keeps what was typed, so that the form can be sent again after signing in; it needs no JavaScript for that. With htmx the dialog
stays as it is: static/js/session.js gives its form a new CSRF token, or shows the way to sign in."""

import json
import re
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE, get_token
from django.shortcuts import render, resolve_url
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from portal.core.requests import HtmxHttpRequest

log = structlog.get_logger(__name__)
ORIGIN_REASONS = ("Origin checking failed", "Referer checking failed")
MOST_CHARACTERS = 20_000
NOT_KEPT = re.compile(r"password|csrfmiddlewaretoken|^token$|^confirmed$|^code$|^credential$")  # secrets, and what is to be given again
NOT_SHOWN = ("next", "request_id", "version")
TOASTS = {
    "origin": "This form came from an address that the portal doesn't know as its own. Ask your administrator to check its set-up.",
    "cookies": "Your browser didn't send this site's cookies. Allow cookies for this site, then submit the form again.",
    "expired": "This form had expired, since you've signed in again. It has been renewed: check it and submit it again.",
    "other_user": "Somebody else has signed in since this page was opened. Nothing was changed: reload the page to go on as {user}.",
}


def csrf_failure(request: HtmxHttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW. `reason`: one of the sentences in django.middleware.csrf."""
    if reason.startswith(ORIGIN_REASONS):
        log_origins(request)
        return rejected(request, "origin", keep=False)
    if request.user.is_authenticated and request.path == resolve_url(settings.LOGIN_URL):
        return rejected(request, "signed_in", keep=False)
    if reason == REASON_NO_CSRF_COOKIE:
        return rejected(request, "cookies", keep=is_from_here(request))
    if needs_sign_in(request):
        return session_ended(request, keep=is_from_here(request))
    if is_page_of_another_user(request):  # what one person typed must not become another's with the next click
        return rejected(request, "other_user", keep=False)
    return rejected(request, "expired", keep=is_from_here(request))


def is_page_of_another_user(request: HttpRequest) -> bool:
    """Was the page opened by somebody else than who is signed in now? Each page names its user in its htmx requests (base.html)."""
    opened_by = request.headers.get("X-Page-User")
    return opened_by is not None and opened_by != str(request.user.pk)


def session_ended(request: HtmxHttpRequest, keep: bool = True) -> HttpResponse:
    """The response to a form, or to a part of a page, whose session has ended. `keep`: is what was typed known to come from our page?"""
    sign_in = resolve_url(settings.LOGIN_URL)
    if request.htmx:
        url = redirect_to_login(current_page(request), sign_in).url
        return HttpResponse(status=401, headers={"HX-Trigger": json.dumps({"session-ended": {"url": url}})})
    if request.method != "POST" or (keep and not any(name not in NOT_SHOWN for name, _ in typed(request))):
        return redirect_to_login(request.get_full_path(), sign_in)
    return rejected(request, "ended", keep)


def current_page(request: HtmxHttpRequest) -> str:
    """The page that htmx sent a request from; the home page where that header is no URL."""
    try:
        return request.htmx.current_url_abs_path or "/"
    except ValueError:
        return "/"


def rejected(request: HtmxHttpRequest, cause: str, keep: bool) -> HttpResponse:
    """403 that says why; with what was typed, if it is to be kept."""
    if request.htmx:
        events: dict[str, Any] = {"toast": {"text": TOASTS[cause].format(user=request.user), "level": "error"}}
        if keep:
            events["csrf-renewed"] = {"token": get_token(request)}
        return HttpResponse(status=403, headers={"HX-Trigger": json.dumps(events)})
    fields = typed(request) if keep else []
    shown = [(name.replace("_", " ").capitalize(), value) for name, value in fields if value and name not in NOT_SHOWN]
    context = {"cause": cause, "fields": fields, "shown": shown, "next": next_page(request) if cause == "signed_in" else ""}
    response = render(request, "403_csrf.html", context, status=403)
    add_never_cache_headers(response)
    return response


def is_from_here(request: HtmxHttpRequest) -> bool:
    """Did a page of the portal send this form? Without a valid CSRF token only the browser can say so. What another site put into a form
    must never come back as a form of ours that waits for a click."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    return request.headers.get("Origin") in own_origins(request)


def own_origins(request: HtmxHttpRequest) -> tuple[str, str]:
    return f"{request.scheme}://{request.get_host()}", settings.PORTAL_URL


def needs_sign_in(request: HtmxHttpRequest) -> bool:
    """Is the visitor anonymous at a page that is for signed-in users? (`portal.core.permissions` marks those.)"""
    view = request.resolver_match and request.resolver_match.func
    return not request.user.is_authenticated and hasattr(view, "roles")


def typed(request: HtmxHttpRequest) -> list[tuple[str, str]]:
    """The fields that were sent, in order, without passwords. Nothing at all of what is longer than any form of ours."""
    fields = [(name, value) for name, values in request.POST.lists() for value in values if not NOT_KEPT.search(name)]
    return fields if sum(len(name) + len(value) for name, value in fields) <= MOST_CHARACTERS else []


def next_page(request: HtmxHttpRequest) -> str:
    """Where the sign-in page was to lead, if that is a page of this portal."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else resolve_url(settings.LOGIN_REDIRECT_URL)


def log_origins(request: HtmxHttpRequest) -> None:
    """For administrators: nearly always a TLS proxy in front of a portal whose PORTAL_URL is not the address in the browser."""
    sent = request.headers.get("Origin") or re.sub(r"^(\w+://[^/?#]*).*", r"\1", request.headers.get("Referer", ""), flags=re.DOTALL)
    seen, configured = own_origins(request)
    log.warning(
        "form rejected: its origin is not the portal's. If this is the portal's own address, set PORTAL_URL to it.",
        origin=sent[:200],
        expected=configured,
        seen_by_portal=seen,
    )
