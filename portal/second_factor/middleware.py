"""Two-factor authentication that Config requires: a banner within the grace period, and after it nothing but setting up a factor.

Only pages are held back, which a session opens. Whatever comes with a token of its own (the API, `/verify`) goes on as before. The
session's temporary token exists, but the pages that show it or give it to a program are held back too.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from portal.second_factor import requirement, stage

# Open to those who must set up a factor first: doing so, and leaving.
OPEN = {
    *("mfa_index", "mfa_add_totp", "mfa_add_passkey", "mfa_new_passkey_options", "mfa_recovery_codes", "mfa_confirm_options"),
    *("account_reauthenticate", "account_logout", "account_session", "account_sign_in_again", "account_signed_in_again"),
    *("account_change_password", "admin:logout"),
}


class RequirementMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if not needs_session(request, view) or not request.user.is_authenticated or stage.is_trusted(request, request.user):
            return None
        due = requirement.due(request.user, timezone.now())
        request.second_factor_due = due  # type: ignore[attr-defined]
        if due is None or not due.overdue or request.resolver_match.view_name in OPEN:  # type: ignore[union-attr]
            return None
        return to_set_up(request)


def needs_session(request: HttpRequest, view: Any) -> bool:
    """Is the view one that a session opens: one of ours, django-allauth's or the Django admin's?"""
    match = request.resolver_match
    return hasattr(view, "roles") or (match is not None and ("admin" in match.namespaces or str(match.url_name).startswith("account_")))


def to_set_up(request: Any) -> HttpResponse:
    page = reverse("mfa_index")
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": page})
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"error": "Set up two-factor authentication first.", "page": page}, status=403)
    return redirect(page)
