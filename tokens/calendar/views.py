"""The calendar's feed, which programs read without signing in, and the Profile's card by which its link is managed."""

import hashlib
from collections.abc import Callable
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_http_methods, require_safe

from portal.core import permissions as access
from portal.core import versions
from portal.core.errors import ServiceError
from portal.core.htmx import post_only, success_response
from portal.core.requests import AuthenticatedHttpRequest
from portal.users.recent_views import recent_sign_in
from tokens.calendar import ical as calendar_text
from tokens.calendar import links as calendar

OFF = "The calendar is turned off."
CHANGED = "Nothing was changed: the calendar's link has been renewed since you opened that page."
HIDDEN = "This link was created with an earlier key of the portal and can't be shown again. Renew it to see a link."


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """`/calendar/<secret>.ics`. For everybody who has the address; whatever is wrong with it, the response is the same 404.
    Programs ask every few hours: with the ETag that they know the response is 304 while nothing has changed (RFC 9110, 13.1.2)."""
    user = calendar.find(secret)
    if user is None:
        raise Http404
    text = calendar_text.render(user, timezone.now())
    etag = quote_etag(hashlib.sha256(text).hexdigest()[:32])
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8", headers={"ETag": etag})
    response["Cache-Control"] = "private, no-cache"  # kept by the program that asked, and asked for again each time
    return get_conditional_response(request, etag=etag, response=response) or response


@post_only("profile")
@access.signed_in
@recent_sign_in("profile")
def switch_on(request: AuthenticatedHttpRequest) -> HttpResponse:
    calendar.switch_on(access.actor_of(request), timezone.now())
    return success_response(request, "The calendar is turned on. Copy its link.", reverse("profile"))


@post_only("profile")
@access.signed_in
@recent_sign_in("profile")
def show(request: AuthenticatedHttpRequest) -> HttpResponse:
    """One's own link in full: as JSON for the eye and copy buttons, or on a page of its own without JavaScript."""
    link = calendar.current(request.user)
    address = calendar.address(link) if link else None
    if request.accepts("text/html") and request.headers.get("Accept") != "application/json":
        context = {"address": address, "webcal": calendar.webcal(address)} if address else {}
        return render(request, "profile/calendar_link.html", context) if address else redirect("profile")
    if address is None:
        return JsonResponse({"error": HIDDEN if link else OFF}, status=404)
    return JsonResponse({"link": address})


@require_http_methods(["GET", "POST"])
@access.signed_in
@recent_sign_in("profile")
def renew(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The confirmation, and another link in place of the old one."""
    service = partial(calendar.renew, now=timezone.now())
    return confirm(request, "profile/calendar_renew.html", service, "Calendar link renewed. The old link no longer works.", OFF)


@require_http_methods(["GET", "POST"])
@access.signed_in
def switch_off(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The confirmation, and the end of the link."""
    return confirm(request, "profile/calendar_off.html", calendar.switch_off, OFF, "The calendar is already turned off.")


def confirm(request: AuthenticatedHttpRequest, template: str, service: Callable[..., object], success: str, nothing: str) -> HttpResponse:
    """GET: the dialog; POST: calls `service`, which returns something true if it changed anything, and shows `success` or `nothing`."""
    back = reverse("profile")
    if request.method == "GET":
        return render(request, template, {"back": back, "version": calendar.version(request.user)})
    try:
        changed = service(access.actor_of(request), read=versions.of_form(request.POST))
    except ServiceError:
        return success_response(request, CHANGED, back, level="error", navigate=True)
    return success_response(request, success if changed else nothing, back, level="success" if changed else "error", navigate=True)
