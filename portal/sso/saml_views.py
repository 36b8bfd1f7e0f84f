"""Where browsers come back from a SAML provider.

They come by a form of another site, so that the session's cookie is not sent (SameSite=Lax). What was verified waits in a short-lived row
of its own for the request that the browser makes next, which has the session with what was begun."""

from dataclasses import asdict
from importlib import import_module
from typing import Any

from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.internal import statekit
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.env.providers import SamlProvider
from portal.sso import providers, rejections
from portal.sso.claims import Identity
from portal.sso.company_login import CompanyLogin

COOKIE, SECONDS = "portal_saml", 120


def known(provider_id: str) -> SamlProvider:
    provider = providers.saml(provider_id)
    if provider is None:
        raise Http404
    return provider


@require_POST
@never_cache
def acs(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The assertion consumer service: verifies the response. Needs no CSRF token, since what it is given is signed, and nothing happens
    before the next request has shown the session that began it."""
    provider = known(provider_id)
    from portal.sso import saml

    try:
        identity, answered = saml.verify(request, provider, request.POST.get("SAMLResponse", ""))
    except saml.InvalidResponse as error:
        return rejections.failed(request, provider_id, error)
    waiting = new_store()
    waiting["identity"], waiting["answered"] = asdict(identity), answered
    waiting.set_expiry(SECONDS)
    waiting.save()
    response = redirect("company_finish", provider_id)
    secure, path = settings.SESSION_COOKIE_SECURE, reverse("company_finish", args=[provider_id])
    response.set_cookie(COOKIE, waiting.session_key, max_age=SECONDS, path=path, secure=secure, httponly=True, samesite="Lax")
    return response


@require_safe
@never_cache
def finish(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Signs in with what was verified a moment ago, once, if this browser has begun it."""
    provider = known(provider_id)
    waiting = new_store(request.COOKIES.get(COOKIE))
    identity, answered = waiting.get("identity"), waiting.get("answered", "")
    if identity:
        waiting.delete()
    state = statekit.unstash_state(request, state_id=answered, provider_id=provider_id)
    if state is None or not identity or identity["provider"] != provider.id:
        return rejections.failed(request, provider_id, None)
    groups = identity["groups"]
    login = CompanyLogin.of(Identity(**identity | {"groups": groups if groups is None else tuple(groups)}))
    login.state = state
    return complete_social_login(request, login)


def new_store(key: str | None = None) -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


@require_safe
def metadata(request: HttpRequest, provider_id: str) -> HttpResponse:
    """For the provider's configuration."""
    provider = known(provider_id)
    from portal.sso import saml

    return HttpResponse(saml.metadata(request, provider), content_type="application/samlmetadata+xml")
