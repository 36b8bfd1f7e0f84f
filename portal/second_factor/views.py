"""The user's own factors: the page and the dialogs that Profile's card opens. Each change needs a recent sign-in."""

from base64 import b64encode
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt, encrypt
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from portal.core import permissions as access
from portal.core.context_processors import DIALOGS
from portal.core.errors import ServiceError, add_to_form
from portal.core.htmx import form_data, form_page, post_only, rejected_response, success_response
from portal.core.requests import AuthenticatedHttpRequest
from portal.second_factor import available, ceremony, factors, services, totp
from portal.second_factor.factors import PASSKEY
from portal.second_factor.forms import CodeForm, NameForm, credential_of
from portal.users.recent_views import confirmed

SECRET = "new_totp_secret"  # in the session, encrypted, until the app has shown that it has it
NO_PASSKEY = "The passkey wasn't created. Try again."


def frame(request: AuthenticatedHttpRequest) -> dict[str, str]:
    """The frame of a page for somebody who can do nothing else: without navigation and bell, which would only lead back here."""
    due = getattr(request, "second_factor_due", None)
    return {"frame": "_entrance.html"} if due and due.overdue and request.htmx.target not in DIALOGS else {}


def back() -> str:
    return reverse("mfa_index")


@require_safe
@access.signed_in
def index(request: AuthenticatedHttpRequest) -> HttpResponse:
    return render(request, "mfa/index.html", card(request) | {"page_frame": frame(request).get("frame", "base.html")})


def card(request: AuthenticatedHttpRequest) -> dict[str, Any]:
    """What the card *Two-factor authentication* shows."""
    return {"factors": factors.of(request.user), "passkeys_available": available.passkeys()}


def codes_page(request: AuthenticatedHttpRequest, codes: list[str], message: str) -> HttpResponse:
    """The response to a POST, and the one place where the codes ever stand."""
    response = render(request, "mfa/codes.html", {"codes": codes, "message": message, "back": back(), **frame(request)})
    response["HX-Retarget"], response["HX-Reswap"] = "#window", "innerHTML"
    response["HX-Trigger-After-Settle"] = "list-changed"
    response["Cache-Control"] = "no-store"
    return response


def added_response(request: AuthenticatedHttpRequest, added: services.Added, message: str) -> HttpResponse:
    return codes_page(request, added.codes, message) if added.codes else success_response(request, message, back())


@require_http_methods(["GET", "POST"])
@access.signed_in
@confirmed
def add_totp(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The QR code, and the first code of the app."""
    kept = request.session.get(SECRET)
    secret = decrypt(kept) if kept and request.method == "POST" else totp.new_secret()
    form = CodeForm(form_data(request))
    if request.method == "POST" and kept and form.is_valid():
        try:
            added = services.add_totp(request.user, secret, form.cleaned_data["code"], access.actor_of(request), timezone.now())
        except ServiceError as error:
            add_to_form(form, error)
        else:
            del request.session[SECRET]
            return added_response(request, added, "Authenticator app added.")
    request.session[SECRET] = encrypt(secret)
    return form_page(request, "mfa/add_totp.html", form, back=back(), **shown(request, secret), **frame(request))


def shown(request: AuthenticatedHttpRequest, secret: str) -> dict[str, str]:
    """The secret as a QR code and as text. Only in responses that no cache keeps (PrivatePagesMiddleware)."""
    adapter = get_adapter()
    svg = adapter.build_totp_svg(adapter.build_totp_url(request.user, secret))
    return {
        "qr_code": f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}",
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
    }


@require_http_methods(["GET", "POST"])
@access.signed_in
@confirmed
def add_passkey(request: AuthenticatedHttpRequest) -> HttpResponse:
    """A name, and the browser's own dialog (static/js/passkey.js)."""
    form = NameForm(form_data(request))
    if request.method == "POST" and form.is_valid():
        try:
            added = keep_passkey(request, form.cleaned_data["name"])
        except ServiceError as error:
            add_to_form(form, error)
        else:
            return added_response(request, added, "Passkey added.")
    return form_page(request, "mfa/add_passkey.html", form, back=back(), available=available.passkeys(), **frame(request))


def keep_passkey(request: AuthenticatedHttpRequest, name: str) -> services.Added:
    from portal.second_factor import passkeys

    now = timezone.now()
    state = ceremony.recall(request.session, ceremony.ADD, now)
    try:
        if state is None:
            raise passkeys.Rejected
        credential = passkeys.finish_adding(state, credential_of(request.POST))
    except passkeys.Rejected:
        raise ServiceError(NO_PASSKEY) from None
    return services.add_passkey(request.user, name, credential, access.actor_of(request), now)


@post_only("mfa_index")
@access.signed_in
@confirmed
def new_passkey_options(request: AuthenticatedHttpRequest) -> HttpResponse:
    """What the browser is to create a passkey for."""
    from portal.second_factor import passkeys

    question, state = passkeys.begin_adding(request.user)
    ceremony.remember(request.session, ceremony.ADD, state, timezone.now())
    return JsonResponse(question)


@require_http_methods(["GET", "POST"])
@access.signed_in
@confirmed
def rename_passkey(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    passkey = own(request, pk, PASSKEY)
    form = NameForm(form_data(request), initial={"name": passkey.data["name"]})
    if request.method == "POST" and form.is_valid():
        try:
            services.rename_passkey(request.user, pk, form.cleaned_data["name"], access.actor_of(request))
        except ServiceError as error:
            add_to_form(form, error)
        else:
            return success_response(request, "Passkey renamed.", back())
    return form_page(request, "mfa/rename_passkey.html", form, back=back())


@require_http_methods(["GET", "POST"])
@access.signed_in
@confirmed
def remove(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    row = own(request, pk, *factors.FACTORS)
    name = f"passkey “{row.data['name']}”" if row.type == PASSKEY else "authenticator app"
    if request.method == "POST":
        try:
            services.remove(request.user, pk, access.actor_of(request), timezone.now())
        except ServiceError as error:
            return rejected_response(request, str(error), back())
        return success_response(request, f"Removed your {name}.", back())
    mine = factors.of(request.user)
    last = len(mine.passkeys) + bool(mine.totp) == 1
    return render(request, "mfa/remove.html", {"name": name, "last": last, "back": back()})


@require_http_methods(["GET", "POST"])
@access.signed_in
@confirmed
def recovery_codes(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The confirmation, and new codes in place of the former ones."""
    if request.method == "POST":
        try:
            codes = services.new_recovery_codes(request.user, access.actor_of(request), timezone.now())
        except ServiceError as error:
            return rejected_response(request, str(error), back())
        return codes_page(request, codes, "New recovery codes created.")
    return render(request, "mfa/recovery_codes.html", {"factors": factors.of(request.user), "back": back(), **frame(request)})


def own(request: AuthenticatedHttpRequest, pk: int, *types: str) -> Authenticator:
    """404 for what somebody else has."""
    return get_object_or_404(Authenticator, user=request.user, pk=pk, type__in=types)
