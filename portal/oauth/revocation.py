"""`POST /oauth/revoke` (RFC 7009)."""

from datetime import datetime

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, JsonResponse

from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.error_responses import no_store
from portal.oauth.decorators import token_endpoint
from portal.oauth.front import authenticated_client, single_param
from portal.users.models import User
from tokens import services
from tokens.credentials import TokenCredential
from tokens.models import Token
from tokens.verification.bearer import BearerError, reject
from tokens.verification.verify import Rejected, verify


@token_endpoint
def revoke(request: WSGIRequest, now: datetime) -> HttpResponse:
    """Ends a token: the caller's own, another one of its owner, or, for an administrator, any. A token that is unknown or ended
    already is no error (section 2.2); a valid one of somebody else is (section 2.1)."""
    caller, form = authenticated_client(request.environ, now)
    found = verify(single_param(form, "token"), now)
    target = found.token if isinstance(found, Rejected) else found
    if target:
        access.authenticate_as(request, User.objects.get(pk=caller.user_id), TokenCredential(caller.id))
        token = Token.objects.filter(pk=target.id, **access.owned(request.user)).select_related("user").first()
        if token:
            end(token, access.actor_of(request), now)
        elif target is found:
            raise reject(BearerError.INSUFFICIENT_SCOPE)
    return no_store(JsonResponse({}))


def end(token: Token, actor: Actor, now: datetime) -> None:
    """Raises APIError if the caller's own token has ended meanwhile, by another request that revoked it for example."""
    try:
        services.revoke(token, actor, now)
    except access.ActorEnded:
        raise reject(BearerError.INVALID_TOKEN) from None
