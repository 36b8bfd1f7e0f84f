"""URLs that are documented ones cut short (somebody deletes the end of an address, or remembers only its beginning): each leads to the
page that the reader most likely wants. The page itself checks who may see it."""

from collections.abc import Callable

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse_lazy
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from portal.core import permissions as access
from portal.core.requests import AuthenticatedHttpRequest


def to(name: str) -> Callable[..., HttpResponseBase]:
    return RedirectView.as_view(url=reverse_lazy(name))


@require_safe
@access.operator
def administrator(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The first page of the section Administrator that the role may see."""
    return redirect("users:list" if request.user.is_administrator else "faults:list")


@require_safe
@access.administrator
def group(request: AuthenticatedHttpRequest, pk: int, user: int = 0) -> HttpResponse:
    return redirect("directory:group", pk)


@require_safe
@access.administrator
def owners(request: AuthenticatedHttpRequest, username: str, pk: int) -> HttpResponse:
    return redirect("directory:owners", username)


urlpatterns = [
    path("administrator/", administrator),
    path("administrator/system-settings/", to("settings:config")),
    path("administrator/system-settings/config/<slug:key>/", to("settings:config")),
    path("administrator/groups/<int:pk>/members/", group),
    path("administrator/groups/<int:pk>/members/<int:user>/", group),
    path("administrator/owners/", to("directory:groups")),
    path("administrator/users/<username:username>/owners/<int:pk>/", owners),
    path("access-control/", to("tokens:all")),
    path("access-control/user-tokens/revocations/", to("tokens:all")),
    path("faults/", to("faults:list")),
    path("profile/tokens/", to("profile")),
    path("cli/", to("profile")),
    path("accounts/", to("profile")),
    path("accounts/two-factor/<int:pk>/", to("mfa_index")),
    path("accounts/company/", to("profile")),
    path("api/", to("api_page")),
    path("oauth/", to("api_page")),
    path("healthz/", to("health")),
    path("livez/", to("live")),
    path("readyz/", to("ready")),
]
