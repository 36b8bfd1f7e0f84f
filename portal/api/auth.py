"""Who calls the API: the owner of the request's bearer token, verified as `/verify` does. A session's cookie is ignored."""

from django.http import HttpRequest
from django.utils import timezone
from ninja.security.http import HttpAuthBase

from portal.core.permissions import authenticate_as
from tokens.credentials import TokenCredential
from tokens.models import Token
from tokens.verification.authenticate import authenticate
from tokens.verification.bearer import BearerError, reject


class BearerToken(HttpAuthBase):
    openapi_scheme = "bearer"
    openapi_description = "An API token of the portal, permanent or temporary."

    def __call__(self, request: HttpRequest) -> Token:
        """The token, with its owner, who is the request's user from here on. Raises APIError or Unavailable."""
        stored = authenticate(request.META, timezone.now())
        token = Token.objects.select_related("user").filter(pk=stored.id, revoked_at=None, user__is_active=True).first()
        if token is None:  # it ended between the two queries
            raise reject(BearerError.INVALID_TOKEN)
        authenticate_as(request, token.user, TokenCredential(token.pk))
        return token
