"""API tokens that somebody puts where none belongs: into a search box, and so into an address that logs and history keep.

In the browser static/js/pasted-token.js takes a token out of a search box before anything is requested, and sends it by POST to be looked
up (`tokens.views.look_up`). What arrives in an address all the same, without JavaScript, is taken out of it here.
"""

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils import timezone
from django.utils.encoding import escape_uri_path
from django.utils.http import escape_leading_slashes

from portal.core import permissions as access
from portal.core.requests import HtmxHttpRequest
from portal.users.models import User
from tokens import services, token_format
from tokens.models import Token

BODY_LENGTH = len(token_format.PERMANENT) + token_format.RANDOM_LENGTH
MOST = 10
EXPOSED = "Web addresses are kept in logs and in the browser's history, so replace the token."


def completed(text: str) -> str | None:
    """The token that `text` begins with, or that lacks only last characters, which the checksum gives back. None if it is neither."""
    whole = token_format.with_checksum(text[:BODY_LENGTH])
    given = text[: token_format.LENGTH]
    return whole if len(given) >= BODY_LENGTH and whole.startswith(given) else None


def find(text: str, user: User, now: datetime) -> list[Token]:
    """The tokens in `text` that `user` may see, with `status` as in the lists: an administrator any, everybody else their own."""
    candidates = [completed(found) for found in token_format.LIKE_A_TOKEN.findall(text)[:MOST]]
    digests = [token_format.digest(whole) for whole in candidates if whole]
    tokens = Token.objects.filter(digest__in=digests, **access.owned(user))
    return list(tokens.with_status(now, services.expiring_before(now)).select_related("user"))


class TokenInAddressMiddleware:
    """Answers a request whose query holds an API token by sending the browser to the same address without it. Neither a view nor a
    template sees the token. The API says so itself (portal/api/pagination.py)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HtmxHttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or request.path_info.startswith("/api/"):
            return self.get_response(request)
        rest = without_tokens(request.GET)
        if len(rest) == len(request.GET):
            return self.get_response(request)
        if request.user.is_authenticated:
            messages.warning(request, explanation(request.GET, request.user))
        path = escape_leading_slashes(escape_uri_path(request.path))
        return go_to(request, f"{path}?{rest.urlencode()}" if rest else path)


def without_tokens(query: QueryDict) -> QueryDict:
    """`query` without the parameters that hold a token in their names or values."""
    rest = query.copy()
    for name, values in query.lists():
        if any(map(token_format.holds_token, [name, *values])):
            del rest[name]
    return rest


def explanation(query: QueryDict, user: User) -> str:
    """Says whose the token in the address is, as far as the visitor may know, and never what it is."""
    text = " ".join(text for name, values in query.lists() for text in (name, *values))
    found = find(text, user, timezone.now())
    if not found:
        return f"The address contained what looks like an API token, so nothing was searched. {EXPOSED}"
    named = ", ".join(f"{token.name} ({token.hint}) of {token.user.username}, {token.status}" for token in found)
    return f"The address contained an API token, so nothing was searched. It is {named}. {EXPOSED}"


def go_to(request: HtmxHttpRequest, address: str) -> HttpResponse:
    """A part of a page (htmx) makes the whole page go there, so that the browser's history never holds the token."""
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
