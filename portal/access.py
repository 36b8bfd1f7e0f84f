"""Who may do what, in one file.

Every view carries one of these decorators. An anonymous visitor is sent to sign in, a role that may not gets 403, and an
object that is not the visitor's gets 404 (by the view's own query), so that nobody learns what exists.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

from portal import rejected_forms

View = Callable[..., HttpResponse]
ADMINISTRATOR, OPERATOR, USER = "administrator", "operator", "user"


def roles(*allowed: str) -> Callable[[View], View]:
    """Lets the roles named pass."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return rejected_forms.session_ended(request)
            if request.user.role not in allowed:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.roles = allowed
        return guarded

    return decorate


signed_in = roles(ADMINISTRATOR, OPERATOR, USER)
operator = roles(ADMINISTRATOR, OPERATOR)
administrator = roles(ADMINISTRATOR)


def may_review(user: Any) -> bool:
    """May `user` see faults and the Django admin?"""
    return user.is_authenticated and user.is_active and user.role in (ADMINISTRATOR, OPERATOR)


def may_create_own_tokens(user: Any, everybody: bool) -> bool:
    """May `user` make permanent tokens for themselves? `everybody` is the flag of that name in Config."""
    return user.is_authenticated and (everybody or user.role == ADMINISTRATOR)


def require(allowed: bool) -> None:
    """403 unless `allowed`, for a rule that needs more than the role."""
    if not allowed:
        raise PermissionDenied


def owned(user: Any) -> dict[str, Any]:
    """The filter for things that have a `user`: an administrator reaches all, everybody else their own."""
    return {} if user.role == ADMINISTRATOR else {"user": user}


def readable(user: Any, owner: str = "user") -> dict[str, Any]:
    """The filter for things that `owner` names the user of (or "pk" for users themselves), for reading in the API: who may
    review reads all, as in the Django admin, everybody else their own."""
    return {} if may_review(user) else {owner: user.pk}


def may_create_tokens(user: Any, owner: Any, everybody: bool) -> bool:
    """May `user` make permanent tokens for `owner`? `everybody` as above."""
    return user.role == ADMINISTRATOR or (user == owner and may_create_own_tokens(user, everybody))


class PrivatePagesMiddleware:
    """Keeps what a signed-in visitor sees out of every cache, the browser's back-forward cache included: after a sign-out,
    or once a token's window is closed, Back must not bring it up again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:
            add_never_cache_headers(response)
        return response
