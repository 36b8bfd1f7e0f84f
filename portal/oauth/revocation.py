"""`POST /oauth/revoke` (RFC 7009)."""

from datetime import datetime
from functools import partial

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, JsonResponse

from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.error_responses import APIError, no_store
from portal.oauth.clients import as_client_error, check_one_method, client_token
from portal.oauth.decorators import token_endpoint
from portal.oauth.forms import Form, read_form, single_param
from portal.users.models import User
from tokens import services
from tokens.credentials import TokenCredential
from tokens.models import Token
from tokens.verification.authenticate import authenticate
from tokens.verification.bearer import BearerError, reject
from tokens.verification.lookup import Stored
from tokens.verification.verify import Rejected, verify


@token_endpoint
def revoke(request: WSGIRequest, now: datetime) -> HttpResponse:
    """Ends a token: the caller's own, another one of its owner, or, for an administrator, any. A token that is unknown or ended
    already is no error (section 2.2); a valid one of somebody else is (section 2.1)."""
    caller, form = authenticated_client(request, now)
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


def authenticated_client(request: WSGIRequest, now: datetime) -> tuple[Stored, Form]:
    """Who asks, and the form. Raises APIError: for a client that is unknown, whatever its form is."""
    header = request.headers.get("Authorization")
    form = None if header else read_form(request.environ)
    try:
        client = authenticate(request.environ, now, partial(client_token, form=form))
    except APIError as error:
        raise as_client_error(error, header) from None
    form = form or read_form(request.environ)
    check_one_method(header, form)
    return client, form


def end(token: Token, actor: Actor, now: datetime) -> None:
    """Raises APIError if the caller's own token has ended meanwhile, by another request that revoked it for example."""
    try:
        services.revoke(token, actor, now)
    except access.ActorEnded:
        raise reject(BearerError.INVALID_TOKEN) from None
