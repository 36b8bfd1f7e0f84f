"""`POST /cli/token`: the last step of a program's sign-in (tokens/cli_login/: flow.py with a browser, device.py without)."""

from datetime import datetime

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, JsonResponse

from portal.core.error_responses import APIError, no_store
from portal.core.errors import ServiceError
from portal.core.permissions import actor_of
from portal.oauth.decorators import token_endpoint
from portal.oauth.forms import read_form, single_param
from tokens.cli_login import device
from tokens.cli_login import flow as cli_sign_in
from tokens.models import Token

Form = dict[str, list[str]]


@token_endpoint
def cli_token(request: WSGIRequest, now: datetime) -> HttpResponse:
    """The temporary token for a code and its verifier, or for a device code. Responses and errors: RFC 6749, sections 5.1 and 5.2, and
    RFC 8628, section 3.5."""
    form = read_form(request.environ)
    grant_type = single_param(form, "grant_type") if "grant_type" in form else "authorization_code"
    if grant_type not in GRANTS:
        raise APIError(400, "unsupported_grant_type", f"The grant_type can be {' or '.join(GRANTS)}.")
    try:
        token, text = GRANTS[grant_type](form, request, now)
    except ServiceError as error:
        raise APIError(400, error.code, str(error)) from None
    seconds = int((token.expires_at - now).total_seconds())
    return no_store(JsonResponse({"access_token": text, "token_type": "Bearer", "expires_in": seconds}))


def by_code(form: Form, request: WSGIRequest, now: datetime) -> tuple[Token, str]:
    code, verifier = single_param(form, "code"), single_param(form, "code_verifier")
    return cli_sign_in.redeem(code, verifier, now, optional_param(form, "redirect_uri"), actor_of(request))


def by_device_code(form: Form, request: WSGIRequest, now: datetime) -> tuple[Token, str]:
    return device.poll(single_param(form, "device_code"), now, actor_of(request), optional_param(form, "client_id"))


def optional_param(form: Form, name: str) -> str:
    """The one value of a parameter, or empty. Raises APIError."""
    return single_param(form, name) if name in form else ""


GRANTS = {"authorization_code": by_code, device.GRANT_TYPE: by_device_code}
