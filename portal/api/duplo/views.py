"""The page on which the user lets one of DuploCloud's clients in, and the one that the client shows afterwards."""

from functools import partial

from csp.decorators import csp_update
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.api.duplo import login
from portal.core import permissions as access
from portal.core.errors import ServiceError
from portal.core.requests import AuthenticatedHttpRequest
from portal.users.recent_views import recent_sign_in
from tokens import sessions
from tokens.cli_login.views import only

PARAMETERS = {"client": "localAppName", "port": "localPort", "is_admin": "isAdmin", "redirect": "redirect"}


@require_http_methods(["GET", "POST"])
@access.signed_in
@recent_sign_in()
def verify_token(request: AuthenticatedHttpRequest) -> HttpResponseBase:
    """Which program asks, and Confirm. A request that is invalid is answered here, and never sent on to anybody."""
    now = timezone.now()
    if request.GET.get("success") == "true":  # the client sends the browser back here
        return render(request, "api/duplo_signed_in.html")
    try:
        asked = login.login_request(**{name: only(request, parameter) for name, parameter in PARAMETERS.items()})
    except ServiceError as error:
        return render(request, "tokens/cli_rejected.html", {"error": error}, status=400)
    token = sessions.current(request.session, now)
    text = sessions.reveal(token) if token else None
    if token is None or text is None:
        return render(request, "tokens/cli_rejected.html", status=409)
    if request.method == "POST":
        return handed_over(login.allow(asked, token, text, access.actor_of(request), now))
    # Chromium checks form-action against the redirects that follow the form too: to that one port, and from there to the success page.
    context = {"asked": asked, "token": token}
    page = csp_update({"form-action": [asked.origin]})(partial(render, template_name="api/duplo_sign_in.html", context=context))
    return page(request)


def handed_over(url: str) -> HttpResponseRedirect:
    """The redirect with the token: kept in no cache, and named to no other site."""
    return HttpResponseRedirect(url, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
