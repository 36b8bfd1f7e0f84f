"""Who calls the API: the owner of the request's bearer token, judged as `/verify` judges it. A session's cookie counts for nothing."""

from django.http import HttpRequest
from django.utils import timezone
from ninja.security.http import HttpAuthBase

from tokens.credentials import TokenCredential
from tokens.models import Token
from tokens.verification.authenticate import authenticate, fail
from tokens.verification.bearer import Problem


class BearerToken(HttpAuthBase):
    openapi_scheme = "bearer"
    openapi_description = "An API token of the portal, permanent or temporary."

    def __call__(self, request: HttpRequest) -> Token:
        """The token, with its owner, who is the request's user from here on. Raises Answer or Unavailable."""
        stored = authenticate(request.META, timezone.now())
        token = Token.objects.select_related("user").filter(pk=stored.id, revoked_at=None, user__is_active=True).first()
        if token is None:  # it ended between the two queries
            raise fail(Problem.INVALID)
        request.user, request.credential = token.user, TokenCredential(token.pk)
        return token
