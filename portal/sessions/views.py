"""The sessions of the signed-in user, and those of a user for administrators."""

from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from portal.core import permissions as access
from portal.core.errors import ServiceError
from portal.core.htmx import post_only, rejected_response, success_response
from portal.core.requests import AuthenticatedHttpRequest
from portal.sessions import services
from portal.sessions.models import SignIn
from portal.users.models import User
from portal.users.session_store import stored
from portal.users.views import existing

MOST_ACTIVE, MOST_ENDED = 100, 20


class Row(NamedTuple):
    sign_in: SignIn
    is_current: bool
    end_url: str


def current_key(request: AuthenticatedHttpRequest) -> str:
    return stored(request.session.session_key or "")


def context(request: AuthenticatedHttpRequest, owner: User, now: datetime) -> dict[str, Any]:
    """The sessions of `owner`, the current one first, and those that have ended lately."""
    mine = current_key(request)
    active = sorted(SignIn.objects.active(owner, now)[:MOST_ACTIVE], key=lambda row: row.session_key != mine)
    ended = SignIn.objects.filter(user=owner).exclude(pk__in=SignIn.objects.active(owner, now).values("pk"))[:MOST_ENDED]
    rows = [Row(row, row.session_key == mine, end_url(request, owner, row)) for row in active]
    return {"owner": owner, "rows": rows, "ended": ended, "others": sum(not row.is_current for row in rows), "now": now}


def end_url(request: AuthenticatedHttpRequest, owner: User, row: SignIn) -> str:
    if owner == request.user:
        return reverse("sessions:end_own", args=[row.pk])
    return reverse("sessions:end_one", args=[owner.username, row.pk])


@require_safe
@access.signed_in
def own(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Profile → Sessions."""
    return render(request, "sessions/own.html", context(request, request.user, timezone.now()))


@post_only(back="sessions:own")
@access.signed_in
def end_own(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    return end(request, get_object_or_404(SignIn, pk=pk, user=request.user), reverse("sessions:own"))


@post_only(back="sessions:own")
@access.signed_in
def end_others(request: AuthenticatedHttpRequest) -> HttpResponse:
    return end_many(request, request.user, reverse("sessions:own"))


@require_safe
@access.administrator
def of_user(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    """A user's page with the tab Sessions."""
    return render(request, "sessions/of_user.html", context(request, existing(username), timezone.now()))


@require_http_methods(["GET", "HEAD", "POST"])
@access.administrator
def end_one(request: AuthenticatedHttpRequest, username: str, pk: int) -> HttpResponse:
    owner, back = existing(username), reverse("sessions:of_user", args=[username])
    if request.method != "POST":
        return redirect(back)
    return end(request, get_object_or_404(SignIn, pk=pk, user=owner), back)


@require_http_methods(["GET", "HEAD", "POST"])
@access.administrator
def end_all(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    owner, back = existing(username), reverse("sessions:of_user", args=[username])
    return end_many(request, owner, back) if request.method == "POST" else redirect(back)


def end(request: AuthenticatedHttpRequest, sign_in: SignIn, back: str) -> HttpResponse:
    """Ends a session. To end the current one is to sign out."""
    if sign_in.session_key == current_key(request):
        logout(request)
        return redirect("account_login")
    try:
        services.end(sign_in, access.actor_of(request), timezone.now())
    except ServiceError as error:
        return rejected_response(request, str(error), back)
    return success_response(request, f"Session ended: {sign_in.device}.", back)


def end_many(request: AuthenticatedHttpRequest, owner: User, back: str) -> HttpResponse:
    """Ends all of the user's sessions but the current one."""
    count = services.end_all(owner, access.actor_of(request), timezone.now(), keep=current_key(request))
    return success_response(request, f"{count} session{'' if count == 1 else 's'} ended.", back)
