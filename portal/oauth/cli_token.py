"""`POST /cli/token`: the last step of a command-line tool's sign-in (tokens/cli_login/flow.py)."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse

from portal.core.error_responses import Answer
from portal.core.errors import ServiceError
from portal.core.permissions import actor_of
from portal.oauth.answers import posted, stored_nowhere
from portal.oauth.front import form, only
from tokens.cli_login import flow as cli_sign_in


@posted
def cli_token(request: HttpRequest, now: datetime) -> HttpResponse:
    """The temporary token for a code and its verifier. Answers and errors are those of RFC 6749, sections 5.1 and 5.2."""
    values = form(request.environ)
    code, verifier = only(values, "code"), only(values, "code_verifier")
    if values.get("grant_type", ["authorization_code"]) != ["authorization_code"]:
        raise Answer(400, "unsupported_grant_type", "The grant_type can only be authorization_code.")
    redirect_uri = only(values, "redirect_uri") if "redirect_uri" in values else ""
    try:
        token, text = cli_sign_in.redeem(code, verifier, now, redirect_uri, actor_of(request))
    except ServiceError as error:
        raise Answer(400, error.code, str(error)) from None
    seconds = int((token.expires_at - now).total_seconds())
    return stored_nowhere({"access_token": text, "token_type": "Bearer", "expires_in": seconds})
