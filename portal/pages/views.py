"""Read-only pages that span several apps: Home, Profile, the list of users."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

import settings_app.services as config
from portal.audit.exports import export
from portal.core import permissions as access
from portal.core.list_views import list_context, wants_csv
from portal.core.requests import AuthenticatedHttpRequest
from portal.pages import home as overview
from portal.pages import own, owned
from portal.pages.user_table import CSV_COLUMNS, UserFilter, UserTable, with_token_counts
from portal.second_factor import views as second_factor
from portal.sso import methods as sign_in_methods
from portal.users import local_passwords
from portal.users.models import SEARCH, FormerName, User
from portal.users.uniqueness import reserved
from tokens import services, sessions
from tokens.calendar import links as calendar
from tokens.models import Token
from tokens.tables import SEARCH as TOKEN_SEARCH
from tokens.tables import OwnTokenTable


@require_safe
@access.signed_in
def home(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The state of the portal, for those who look after it; for everybody else their own tokens."""
    if not access.may_review(request.user):
        return render(request, "home/own.html", own.context(request.user, request.session, timezone.now()))
    return render(request, "home/home.html", overview.context(request.user, timezone.now()))


@require_safe
@access.signed_in
def profile(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The signed-in user: who they are, their credentials, their tokens."""
    now = timezone.now()
    mine = Token.objects.listed(now, services.expiring_before(now)).filter(user=request.user)
    context = list_context(request, mine, OwnTokenTable, search=TOKEN_SEARCH, empty="You have no API tokens.")
    context["temporary"] = sessions.current(request.session, now)
    context["calendar"] = link = calendar.current(request.user)
    context["calendar_hidden"] = link is not None and calendar.reveal(link) is None
    context |= second_factor.card(request)
    values = config.get_many("users_may_create_tokens", local_passwords.ALLOWED, local_passwords.EMERGENCY)
    context["may_create"] = access.may_create_own_tokens(request.user, values["users_may_create_tokens"])
    context["passwords"] = local_passwords.allowed(request.user, values)
    context |= owned.context(request.user, now)
    context["sign_in_methods"] = sign_in_methods.of_user(request.user)
    return render(request, "profile/profile.html", context)


@require_safe
@access.administrator
def user_list(request: AuthenticatedHttpRequest) -> HttpResponseBase:
    rows = with_token_counts(User.objects.existing(), timezone.now())
    if wants_csv(request):
        return export(request, rows, UserTable, SEARCH, UserFilter, CSV_COLUMNS)
    context = list_context(request, rows, UserTable, SEARCH, empty="No users yet.", filter_class=UserFilter)
    return render(request, "users/list.html", context)


@require_safe
@access.administrator
def user_detail(request: AuthenticatedHttpRequest, username: str) -> HttpResponse:
    """The user's page opens on its tab Tokens. A former username leads there too."""
    if not User.objects.existing().filter(username=username).exists():
        former = get_object_or_404(FormerName.objects.select_related("user"), reserved(username), user__deleted_at=None)
        username = former.user.username
    return redirect("tokens:user_tokens", username)


def admin_sign_in(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """Stands for the Django admin's own sign-in, which knows neither rate limits nor password rules: ours is used instead.
    A signed-in user never gets a form here, since by that form the passwords of others could be tried."""
    if request.user.is_authenticated:
        access.require(access.may_review(request.user))
        return redirect("admin:index")
    return redirect_to_login(request.GET.get("next", reverse("admin:index")), reverse("account_login"))
