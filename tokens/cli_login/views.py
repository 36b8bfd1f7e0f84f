"""The page on which the user lets a command-line tool in. What the tool itself asks, `/cli/token`, is part of the API."""

from functools import partial

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.core import permissions as access
from portal.core.errors import ServiceError
from portal.core.requests import AuthenticatedHttpRequest
from portal.users.recent_views import recent_sign_in
from tokens import sessions
from tokens.cli_login import flow as cli_sign_in
from tokens.cli_login.flow import Question

PARAMETERS = {"port": "port", "state": "state", "challenge": "code_challenge", "method": "code_challenge_method", "client": "client"}
STANDARD = {
    "response_type": "response_type",
    "redirect_uri": "redirect_uri",
    "state": "state",
    "challenge": "code_challenge",
    "method": "code_challenge_method",
    "client": "client_id",
}


class SeeOther(HttpResponseRedirect):
    """303: the browser follows with a GET, whatever it came with (RFC 9700, section 4.12)."""

    status_code = 303


@require_http_methods(["GET", "POST"])
@access.signed_in
@recent_sign_in()
def sign_in(request: AuthenticatedHttpRequest) -> HttpResponseBase:
    """Which program asks, and Confirm. A wrong question is answered here, and never sent on to anybody."""
    now = timezone.now()
    try:
        asked = read_question(request)
    except ServiceError as error:
        return render(request, "tokens/cli_rejected.html", {"error": error}, status=400)
    token = sessions.current(request.session, now)
    if token is None or sessions.reveal(token) is None:
        return render(request, "tokens/cli_rejected.html", status=409)
    if request.method == "POST":
        return SeeOther(asked.answer(code=cli_sign_in.allow(asked, token, access.actor_of(request), now)))
    # Chromium holds form-action against the redirect that answers the form, too: this page's form may lead to that one port.
    context = {"asked": asked, "token": token, "cancel": asked.answer(error="access_denied")}
    page = csp_update({"form-action": [asked.origin]})(partial(render, template_name="tokens/cli_sign_in.html", context=context))
    return page(request)


def read_question(request: HttpRequest) -> Question:
    """What the program asks for: in the parameters of OAuth if there is a response_type, else in the shorter ones. Raises ServiceError."""
    if "response_type" in request.GET:
        return cli_sign_in.standard_question(**{name: only(request, parameter) for name, parameter in STANDARD.items()})
    return cli_sign_in.question(**{name: only(request, parameter) for name, parameter in PARAMETERS.items()})


def only(request: HttpRequest, name: str) -> str:
    """A parameter of the address, which may be there once at most (RFC 6749, section 3.1). Raises ServiceError."""
    values = request.GET.getlist(name, [""])
    if len(values) != 1:
        raise ServiceError(f"{name} is given more than once.")
    return values[0]
