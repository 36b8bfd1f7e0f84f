"""The second step of a sign-in, and the sign-in by a passkey alone."""

from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.stages import LoginStageController
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.core.htmx import post_only
from portal.second_factor import ceremony, factors, verification
from portal.second_factor.forms import CodeForm, credential_of
from portal.second_factor.stage import SecondFactorStage
from portal.users import limits, signals
from portal.users.models import User

BEGUN_SECONDS = 600  # as long as a company sign-in that may have been begun in the same browser
WRONG = "This code is wrong, already used or expired."
WRONG_PASSKEY = "This passkey didn't work. Try again, or use another way to sign in."


def stage_of(request: HttpRequest) -> SecondFactorStage | None:
    """The second step that this browser has come to, if its first step still counts."""
    if request.user.is_authenticated:
        return None
    stage = LoginStageController.enter(request, SecondFactorStage.key)
    return stage if stage and stage.is_valid else None


def pending(request: HttpRequest) -> str:
    """Whom a second step counts against: the account whose first step was passed in this browser. Nobody, without one: strangers at the
    same address could use up what others need."""
    stage = stage_of(request)
    return f"{stage.login.user.pk} at {limits.address(request)}" if stage else ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def authenticate(request: HttpRequest) -> HttpResponse:
    """Asks for a code or a passkey. Only the right one makes the session."""
    stage = stage_of(request)
    if stage is None:
        return redirect(settings.LOGIN_REDIRECT_URL if request.user.is_authenticated else "account_login")
    user = stage.login.user
    form = CodeForm(request.POST if "code" in request.POST else None)
    error = ""
    if request.method == "POST":
        if used := check(request, user, form, ceremony.SECOND_STEP):
            note(request, user, used)
            return stage.exit()
        error = WRONG_PASSKEY if "credential" in request.POST else WRONG
    context = {"form": form, "factors": factors.of(user), "account": user, "error": error}
    return render(request, "mfa/authenticate.html", context, status=422 if error else 200)


def check(request: HttpRequest, user: User, form: CodeForm, purpose: str) -> Authenticator | None:
    """What was used, by code or by passkey; None for a wrong one."""
    now = timezone.now()
    if "credential" in request.POST:
        return verification.check_passkey(request, user, credential_of(request.POST), purpose, now)
    return verification.check_code(request, user, form.cleaned_data["code"], now) if form.is_valid() else None


def note(request: HttpRequest, user: User, used: Authenticator, **details: Any) -> None:
    """Says in the session by what the user showed who they are (portal/users/sign_in_methods.py)."""
    record_authentication(request, user, "mfa", id=used.pk, type=used.type, **details)


@post_only("account_login")
def cancel(request: HttpRequest) -> HttpResponse:
    """Back to the sign-in page, for another account."""
    stage = stage_of(request)
    return stage.abort() if stage else redirect("account_login")


@never_cache
@post_only("account_login")
def step_options(request: HttpRequest) -> HttpResponse:
    """The question that the browser puts to a passkey of the user at the second step."""
    stage = stage_of(request)
    if stage is None:
        return JsonResponse({"error": "Sign in again."}, status=403)
    return options(request, stage.login.user, ceremony.SECOND_STEP)


@never_cache
@post_only("account_login")
def sign_in_options(request: HttpRequest) -> HttpResponse:
    """The question for any passkey of this portal. 404 while nobody has one: strangers neither make sessions nor load the library then."""
    if not factors.somebody_has_a_passkey():
        raise Http404
    return options(request, None, ceremony.SIGN_IN)


def options(request: HttpRequest, user: User | None, purpose: str) -> JsonResponse:
    from portal.second_factor import passkeys

    if not request.user.is_authenticated:  # anybody can ask: the row is not kept for weeks
        request.session.set_expiry(BEGUN_SECONDS)
    question, state = passkeys.begin_using(user, alone=purpose != ceremony.SECOND_STEP)
    ceremony.remember(request.session, purpose, state, timezone.now())
    return JsonResponse(question)


@never_cache
@post_only("account_login")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Signs in the owner of a passkey, who was checked by the device: that is two factors at once."""
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    used = None
    if ceremony.KEY in request.session:
        used = verification.check_passkey(request, None, credential_of(request.POST), ceremony.SIGN_IN, timezone.now())
    if used is None or not used.user.may_sign_in:
        signals.sign_in_failed.send(sender=User, request=request, account="")
        return render(request, "mfa/passkey_failed.html", {"error": WRONG_PASSKEY}, status=422)
    note(request, used.user, used, passwordless=True)
    login = Login(user=used.user, redirect_url=get_next_redirect_url(request), state={"stages": {SecondFactorStage.key: {"handled": True}}})
    return perform_login(request, login)
