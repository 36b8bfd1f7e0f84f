"""The page of a company sign-in that did not succeed, and what the log and the audit trail keep of it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.audit.services import Event
from portal.core import permissions as access
from portal.core import rejection_log
from portal.core.redaction import redact
from portal.sso.accounts import REASONS, SignInRejected
from portal.sso.claims import Identity
from portal.users import trail
from portal.users.models import Throttle

EVENT = "company sign-in failed"
PAGE = "sso/rejected.html"


def rejected(request: HttpRequest, identity: Identity, error: SignInRejected) -> HttpResponse:
    """A genuine identity that nobody may sign in with. Recorded with the user whom it is about."""
    client = access.actor_of(request)
    target = error.user or Throttle(pk=f"unknown account of {identity.provider}")
    details = {"provider": identity.provider, "reason": REASONS[error.reason]}
    trail.record_bounded(Event.COMPANY_REJECTED, None, target, client, "company sign-ins", timezone.now(), **details)
    report(request, identity.provider, REASONS[error.reason])
    return page(request, identity.provider, error.reason, 403, email=identity.email)


def failed(request: HttpRequest, provider: str, error: Exception | None) -> HttpResponse:
    """A response of a provider that cannot be used, or one that nobody asked for. Strangers can cause this: it goes into the log alone."""
    from portal.sso.http import ProviderUnavailable

    report(request, provider, redact(f"{type(error).__name__}: {error}")[:300] if error else "no sign-in was begun in this browser")
    if isinstance(error, ProviderUnavailable | OSError):  # requests' exceptions are OSErrors
        return page(request, provider, "unavailable", 503)
    return page(request, provider, "invalid", 400)


def report(request: HttpRequest, provider: str, reason: str) -> None:
    rejection_log.report(EVENT, request.META.get("REMOTE_ADDR") or None, reason, provider=provider)


def page(request: HttpRequest, provider: str, reason: str, status: int, **context: Any) -> HttpResponse:
    values = {"provider": settings.SIGN_IN_PROVIDERS[provider].name, "reason": reason, **context}
    return render(request, PAGE, values, status=status)
