"""Sign-in by a provider: the start sends the browser there, the callback is where it comes back. And the connections in Profile."""

from typing import Any

from allauth.account.utils import get_next_redirect_url
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from portal.core import permissions as access
from portal.core.errors import ServiceError
from portal.core.htmx import rejected_response, success_response
from portal.core.requests import AuthenticatedHttpRequest
from portal.env.providers import Provider
from portal.sso import connections, providers, rejections
from portal.users.recent_views import confirmed

BEGUN_SECONDS = 600  # django-allauth keeps what a sign-in was begun with for so long


def known(provider_id: str) -> Provider:
    if provider_id not in settings.SIGN_IN_PROVIDERS:
        raise Http404
    return settings.SIGN_IN_PROVIDERS[provider_id]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def start(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Sends the browser to the provider. Only by a form of ours, so that no other page can begin a sign-in."""
    known(provider_id)
    if request.method != "POST":
        return redirect("account_login")
    return to_provider(request, provider_id, "login", get_next_redirect_url(request))


def to_provider(request: HttpRequest, provider_id: str, process: str, next_url: str | None, data: Any = None) -> HttpResponse:
    """A page that leads on by itself: the Content-Security-Policy forbids a form that redirects to another host."""
    provider = known(provider_id)
    if not request.user.is_authenticated:
        request.session.set_expiry(BEGUN_SECONDS)
    try:
        url = begin(request, provider_id, process, next_url, data)
    except OSError as error:  # ProviderUnavailable is one
        return rejections.failed(request, provider_id, error)
    return render(request, "sso/continue.html", {"provider": provider.name, "url": url})


def begin(request: HttpRequest, provider_id: str, process: str, next_url: str | None, data: Any) -> str:
    """The address at the provider. Raises ProviderUnavailable."""
    if idp := providers.saml(provider_id):
        from portal.sso import saml

        return saml.begin(request, idp, process, next_url, data)
    from portal.sso import oidc

    provider = oidc.provider(request, oidc.configured(provider_id))
    return provider.redirect(request, process, next_url, data, scope=provider.get_scope_from_request(request))["Location"]


@require_safe
@never_cache
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    if providers.oidc(provider_id) is None:
        raise Http404
    from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView

    from portal.sso import oidc

    return OAuth2CallbackView.adapter_view(oidc.Adapter(request, provider_id))(request)


@require_http_methods(["GET", "POST"])
@access.signed_in
@confirmed
def connect(request: AuthenticatedHttpRequest, provider_id: str) -> HttpResponse:
    """GET asks, POST goes to the provider. Only soon after a sign-in or confirmation."""
    context = {"provider": known(provider_id), "back": reverse("profile")}
    if request.method != "POST":
        return render(request, "sso/connect.html", context)
    return to_provider(request, provider_id, "connect", None, data=request.user.pk)


@require_http_methods(["GET", "POST"])
@access.signed_in
@confirmed
def disconnect(request: AuthenticatedHttpRequest, provider_id: str) -> HttpResponse:
    provider = known(provider_id)
    if request.method != "POST":
        return render(request, "sso/disconnect.html", {"provider": provider, "back": reverse("profile")})
    try:
        connections.disconnect(request.user, provider_id, access.actor_of(request), timezone.now())
    except ServiceError as error:
        return rejected_response(request, str(error), reverse("profile"))
    return success_response(request, f"Disconnected {provider.name}.", reverse("profile"), navigate=True)
