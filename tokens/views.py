"""Pages and dialogs of tokens. The lists are for reading; the dialogs write, through `tokens.services` alone."""

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

import settings_app.services as config
from portal.audit import services as audit
from portal.audit.exports import export
from portal.core import permissions as access
from portal.core.errors import ServiceError, add_to_form
from portal.core.htmx import form_data, form_page, post_only, put_into, rejected_response, success_response
from portal.core.list_views import list_context, wants_csv
from portal.core.ordering import ordered
from portal.core.requests import AuthenticatedHttpRequest
from portal.core.text import fold
from portal.users.models import User
from portal.users.recent_views import CONFIRM, must_confirm, recent_sign_in
from tokens import dates, details, lineage, pasted, services, sessions
from tokens.forms import DatedTokenForm, TokenForm
from tokens.models import BulkRevocation, Token
from tokens.models.token import TokenQuerySet
from tokens.tables import CSV_COLUMNS, SEARCH, AllTokenTable, TokenFilter, UserTokenTable


@require_safe
@access.administrator
def user_tokens(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    """A user's page with the tab Tokens."""
    owner = get_object_or_404(User.objects.existing(), username=username)
    now = timezone.now()
    rows = Token.objects.listed(now, services.expiring_before(now)).filter(user=owner)
    context = list_context(request, rows, UserTokenTable, SEARCH, empty=f"{owner.name} has no tokens yet.")
    return render(request, "tokens/user_tokens.html", {"owner": owner, **context})


@require_safe
@access.administrator
def all_tokens(request: AuthenticatedHttpRequest) -> HttpResponseBase:
    """Access Control, tab User Tokens."""
    now = timezone.now()
    rows = Token.objects.listed(now, services.expiring_before(now))
    if wants_csv(request):
        return export(request, rows, AllTokenTable, TokenQuerySet.found, TokenFilter, CSV_COLUMNS)
    context = list_context(request, rows, AllTokenTable, TokenQuerySet.found, empty="No tokens yet.", filter_class=TokenFilter)
    context["revocations"] = BulkRevocation.objects.filter(finished_at=None)
    return render(request, "tokens/all_tokens.html", context)


@require_http_methods(["GET", "POST"])
@access.administrator
@recent_sign_in(keep_form=True)
def create(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    """Pane *Create a new token* on a user's page."""
    owner = get_object_or_404(User.objects.existing(), username=username)
    return issue(request, owner, dated_form(request), "Create a new token", reverse("tokens:user_tokens", args=[owner.username]))


@require_http_methods(["GET", "POST"])
@access.signed_in
@recent_sign_in(keep_form=True)
def add_own(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Pane *Add User Token* on the Profile: a name alone, as its document shows."""
    access.require(access.may_create_own_tokens(request.user, config.get("users_may_create_tokens")))
    return issue(request, request.user, TokenForm(form_data(request)), "Add User Token", reverse("profile"))


@require_http_methods(["GET", "POST"])
@access.signed_in
@recent_sign_in(keep_form=True)
def create_own(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Window *Create API Token* on the Profile: a name and an Expiry Date."""
    access.require(access.may_create_own_tokens(request.user, config.get("users_may_create_tokens")))
    return issue(request, request.user, dated_form(request), "Create API Token", reverse("profile"))


def dated_form(request: HttpRequest) -> DatedTokenForm:
    return DatedTokenForm(form_data(request), dates.day_of(timezone.now()), services.longest_lifetime())


def issue(request: HttpRequest, owner: User, form: TokenForm, title: str, back: str) -> HttpResponse:
    """Shows the form, or makes the token. The response to this POST is the one place where the token's text ever stands."""
    now, confirm = timezone.now(), ""
    if request.method == "POST" and (confirm := must_confirm(request)):
        form.add_error(None, CONFIRM)
    elif request.method == "POST" and form.is_valid():
        data, actor = form.cleaned_data, access.actor_of(request)
        try:
            token, text = services.issue(owner, data["name"], data.get("expires"), actor, now, data["request_id"])
        except services.AlreadyMade as again:
            return already_made(request, form, again, title=title, back=back, owner=owner)
        except ServiceError as error:
            add_to_form(form, error)
        else:
            context = {"token": token, "text": text, "back": back, "ends": details.ends(token, token.created_at)}
            response = render(request, "tokens/created.html", context | {"whoami_url": settings.PORTAL_URL + settings.WHOAMI_PATH})
            response["HX-Retarget"], response["HX-Reswap"] = "#window", "innerHTML"
            response["HX-Trigger-After-Settle"] = "list-changed"
            response["Cache-Control"] = "no-store"
            return response
    return form_page(request, "tokens/form.html", form, title=title, back=back, owner=owner, confirm=confirm)


def already_made(request: HttpRequest, form: TokenForm, again: services.AlreadyMade, **context: Any) -> HttpResponse:
    """The same form was submitted twice (a double click, Back, a lost response): where its token is, and the form for another one, with
    the name as it was typed."""
    add_to_form(form, again)
    put_into(form, request_id=str(uuid.uuid4()))
    mine = again.token.user == request.user
    page = reverse("profile") if mine else reverse("tokens:user_tokens", args=[again.token.user.username])
    made = f"{page}?{urlencode({'q': again.token.name})}"
    return form_page(request, "tokens/form.html", form, made=made, submit="Create another", **context)


@post_only("profile")
@access.signed_in
@recent_sign_in("profile")
def temporary(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The session's own temporary token in full: as JSON for the eye and copy buttons, or on the Profile without JavaScript."""
    token = sessions.current(request.session, timezone.now())
    text = sessions.reveal(token) if token else None
    if token and text:
        audit.event(audit.Event.TOKEN_REVEALED, access.actor_of(request), token)
    if request.accepts("text/html") and request.headers.get("Accept") != "application/json":
        return render(request, "tokens/temporary.html", {"text": text}) if text else redirect("profile")
    if text is None:
        return JsonResponse({"error": "Sign in again to get a temporary token."}, status=404)
    return JsonResponse({"token": text})


@post_only("home")
@access.signed_in
def look_up(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Whose token is it that somebody has put into a search box? The token is in no address and in no log."""
    tokens = pasted.find(request.POST.get("token", ""), request.user, timezone.now())
    return render(request, "tokens/looked_up.html", {"tokens": tokens, "back": reverse("home")})


@require_safe
@access.signed_in
def token_list(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The one address of the list of tokens, in emails to people of every role: all tokens for administrators, the faults about those that
    expire for operators, and everybody else's own."""
    if request.user.is_administrator:
        return redirect(f"{reverse('tokens:all')}?{request.GET.urlencode()}")
    return redirect("faults:list" if access.may_review(request.user) else "profile")


@require_safe
@access.signed_in
def token(request: AuthenticatedHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The one address of a token, as a page and as a pane: for its owner, for administrators, and without Revoke for operators, who review
    faults, and for the owners of a service account, who are notified of it. 404 for everybody else."""
    now = timezone.now()
    rows = Token.objects.listed(now, services.expiring_before(now)).filter(details.readable(request.user))
    found = get_object_or_404(rows, pk=pk)
    context = {
        "token": found,
        "now": now,
        "may_revoke": access.may_revoke(request.user, found) and found.status in ("active", "expiring"),
        "all_notifications": f"{reverse('admin:tokens_notice_changelist')}?{urlencode({'token': found.pk})}",
    }
    return render(request, "tokens/token.html", context | details.of(found, request.user)._asdict())


@require_http_methods(["GET", "POST"])
@access.signed_in
def revoke(request: AuthenticatedHttpRequest, pk: str) -> HttpResponse:
    """The confirmation that names the token, and the revocation."""
    token = get_object_or_404(Token.objects.permanent().select_related("user"), pk=pk, **access.owned(request.user))
    mine = token.user == request.user
    back = reverse("profile") if mine else reverse("tokens:user_tokens", args=[token.user.username])
    if request.method == "GET":
        created = created_with([token], timezone.now())
        return render(request, "tokens/revoke.html", {"token": token, "created": created, "back": back})
    if services.revoke(token, access.actor_of(request), timezone.now()):
        return success_response(request, f"Revoked {token.name}.", back)
    return rejected_response(request, services.revoked_already(token), back)


def created_with(chosen: list[Token], now: datetime) -> list[Token]:
    """What is revoked together with `chosen`, by name, for the confirmation."""
    return sorted(lineage.descendants([token.pk for token in chosen], now), key=lambda token: (fold(token.name), token.pk))


@post_only("tokens:all")
@access.administrator
def revoke_many(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Several tokens of Access Control: first the confirmation that says how many, then the revocation."""
    back = reverse("tokens:all")
    now = timezone.now()
    tokens = Token.objects.permanent().filter(pk__in=services.ids(request.POST.getlist("ids")), revoked_at=None)
    chosen = list(ordered(tokens.select_related("user"), "name", "pk"))
    if not chosen:
        return rejected_response(request, "None of the selected tokens can be revoked.", back)
    if "confirmed" not in request.POST:
        created = created_with(chosen, now)
        return render(request, "tokens/revoke_many.html", {"tokens": chosen, "created": created, "back": back})
    count = services.revoke_many(chosen, access.actor_of(request), now)
    return success_response(request, f"{count:,} token{'' if count == 1 else 's'} revoked.", back)
