"""`POST /cli/token`: the last step of a command-line tool's sign-in (tokens/cli_login/flow.py)."""

from datetime import datetime

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, JsonResponse

from portal.core.error_responses import APIError, no_store
from portal.core.errors import ServiceError
from portal.core.permissions import actor_of
from portal.oauth.decorators import token_endpoint
from portal.oauth.front import read_form, single_param
from tokens.cli_login import flow as cli_sign_in


@token_endpoint
def cli_token(request: WSGIRequest, now: datetime) -> HttpResponse:
    """The temporary token for a code and its verifier. Responses and errors: RFC 6749, sections 5.1 and 5.2."""
    form = read_form(request.environ)
    code, verifier = single_param(form, "code"), single_param(form, "code_verifier")
    if form.get("grant_type", ["authorization_code"]) != ["authorization_code"]:
        raise APIError(400, "unsupported_grant_type", "The grant_type can only be authorization_code.")
    redirect_uri = single_param(form, "redirect_uri") if "redirect_uri" in form else ""
    try:
        token, text = cli_sign_in.redeem(code, verifier, now, redirect_uri, actor_of(request))
    except ServiceError as error:
        raise APIError(400, error.code, str(error)) from None
    seconds = int((token.expires_at - now).total_seconds())
    return no_store(JsonResponse({"access_token": text, "token_type": "Bearer", "expires_in": seconds}))
