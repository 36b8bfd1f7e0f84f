"""Who may call /scim/: the permanent token of a service account with the permission to provision. A session's cookie is ignored."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from portal.core import permissions as access
from portal.scim.errors import scim_errors
from tokens.credentials import TokenCredential
from tokens.models import Token
from tokens.verification.authenticate import authenticate
from tokens.verification.bearer import BearerError, reject


def authenticate_directory(request: HttpRequest) -> None:
    """Makes the owner of the request's bearer token its user: verified, throttled and logged as by `/verify`. Raises APIError: 401 for
    a request without a valid token, and 403 for a valid one without the permission; Unavailable."""
    stored = authenticate(request.META, timezone.now())
    token = Token.objects.select_related("user").filter(pk=stored.id, revoked_at=None, user__is_active=True).first()
    if token is None:  # it ended between the two queries
        raise reject(BearerError.INVALID_TOKEN)
    if not token.user.may_provision:
        raise reject(BearerError.INSUFFICIENT_SCOPE)
    access.authenticate_as(request, token.user, TokenCredential(token.pk))


def directory(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Lets directories pass, and nobody else."""

    @csrf_exempt  # no cookie counts here
    @scim_errors
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        authenticate_directory(request)
        return view(request, *args, **kwargs)

    guarded.roles = (access.PROVISIONER,)  # type: ignore[attr-defined]  # read by the test of who may open what
    return guarded
