"""Confirm it's you, before something that a stranger at an unlocked screen must not do; and Sign in again, which begins a new session."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ReauthenticateForm
from allauth.account.internal.flows.login import clear_authentication_records, record_authentication
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.core import permissions as access
from portal.core.context_processors import DIALOGS
from portal.core.htmx import post_only
from portal.core.requests import AuthenticatedHttpRequest
from portal.second_factor import ceremony, factors, sign_in_views
from portal.second_factor.forms import CodeForm
from portal.users import company, local_passwords, recent
from portal.users.session_views import DONE


@require_http_methods(["GET", "HEAD", "POST"])
@access.signed_in
def confirm(request: AuthenticatedHttpRequest) -> HttpResponse:
    """By password, code or passkey, whichever the user has; then on to `next`."""
    user, onward = request.user, get_next_redirect_url(request) or resolve_url(settings.LOGIN_REDIRECT_URL)
    forms = confirmation_forms(request)
    errors = False
    if request.method == "POST":
        if passed(request, forms):
            recent.confirm(request.session, timezone.now())
            return redirect(onward)
        errors = True
    context = {**forms, "factors": factors.of(user), "next": onward, "wrong_passkey": errors and "credential" in request.POST}
    context["company"] = company.options(user)
    context["confirm_frame"] = "_dialog.html" if request.htmx.target in DIALOGS else "_entrance.html"
    return render(request, "account/reauthenticate.html", context)


def confirmation_forms(request: AuthenticatedHttpRequest) -> dict[str, Any]:
    """Each with what was typed into it, if it was the one that was sent."""
    sent = request.POST if request.method == "POST" else None
    password, code = (sent if sent is not None and name in sent else None for name in ("password", "code"))
    if sent is not None and password is None and code is None and "credential" not in sent:
        password = sent  # a form that was sent empty
    return {
        "password_form": ReauthenticateForm(password, user=request.user) if local_passwords.can_use(request.user) else None,
        "code_form": CodeForm(code),
    }


def passed(request: AuthenticatedHttpRequest, forms: dict[str, Any]) -> bool:
    if forms["password_form"] and forms["password_form"].is_bound:
        return forms["password_form"].is_valid()
    return second_step(request, forms["code_form"]) is not None


def second_step(request: AuthenticatedHttpRequest, form: CodeForm) -> Authenticator | None:
    used = sign_in_views.check(request, request.user, form, ceremony.CONFIRM)
    if used is None and form.is_valid():
        form.add_error("code", sign_in_views.WRONG)
    return used


@post_only("home")
@access.signed_in
def confirm_options(request: AuthenticatedHttpRequest) -> JsonResponse:
    """The question that the browser puts to a passkey of the signed-in user."""
    return sign_in_views.options(request, request.user, ceremony.CONFIRM)


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_again(request: HttpRequest) -> HttpResponse:
    """Signs the same user in once more: by password, and a code where there is a second factor, or by passkey. A new session and a new
    temporary token; the other one ends with it. After the end of the session this leads to the sign-in page."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse(DONE), resolve_url(settings.LOGIN_URL))
    mine = factors.of(request.user)
    typed = request.POST if request.method == "POST" and "credential" not in request.POST else None
    form = ReauthenticateForm(typed, user=request.user)
    code_form = CodeForm(request.POST if "code" in request.POST else None)
    if request.method == "POST" and (methods := methods_passed(request, bool(mine), form, code_form)):
        return new_session(request, methods)
    context = {"form": form, "code_form": code_form, "factors": mine, "wrong_passkey": "credential" in request.POST}
    context |= {"passwords": local_passwords.can_use(request.user), "company": company.options(request.user), "company_next": reverse(DONE)}
    return render(request, "account/sign_in_again.html", context)


def methods_passed(request: Any, has_factor: bool, form: ReauthenticateForm, code_form: CodeForm) -> list[dict[str, Any]]:
    """What the user has shown, for `record_authentication`; empty if that is not enough for a new session."""
    if "credential" in request.POST:
        used = second_step(request, code_form) if has_factor else None
        return [{"method": "mfa", "type": used.type, "id": used.pk}] if used else []
    if not form.is_valid():
        return []
    password = [{"method": "password"}]
    if not has_factor:
        return password
    used = second_step(request, code_form)
    return [*password, {"method": "mfa", "type": used.type, "id": used.pk}] if used else []


def new_session(request: HttpRequest, methods: list[dict[str, Any]]) -> HttpResponse:
    request.session.cycle_key()  # login() does that for nobody who is signed in already
    clear_authentication_records(request)
    for method in methods:
        record_authentication(request, request.user, **method)
    get_adapter(request).login(request, request.user)
    return redirect(DONE)
