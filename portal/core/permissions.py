"""Who may do what, in one file.

Every view carries one of these decorators. An anonymous visitor is sent to sign in, a role that may not gets 403, and an
object that is not the visitor's gets 404 (by the view's own query), so that nobody learns what exists.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from portal.core import rejected_forms
from portal.core.actors import Actor, Credential, SessionCredential
from portal.core.requests import AuthenticatedHttpRequest, HtmxHttpRequest

View = TypeVar("View", bound=Callable[..., Any])
ADMINISTRATOR, OPERATOR, USER = "administrator", "operator", "user"
# Not a role: a service account with the permission to provision users (SCIM). Only `lock` knows it; no page is opened by it.
PROVISIONER = "provisioner"
# Each role with those whose permissions it has too.
IMPLIED_ROLES = {ADMINISTRATOR: (ADMINISTRATOR, OPERATOR, USER), OPERATOR: (OPERATOR, USER), USER: (USER,)}
REVIEWERS = (ADMINISTRATOR, OPERATOR)
EVERYBODY = (ADMINISTRATOR, OPERATOR, USER)
NOBODY = Q(pk__in=())


def roles(*allowed: str) -> Callable[[View], View]:
    """Lets the roles named pass."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return rejected_forms.session_ended(cast(HtmxHttpRequest, request))
            if request.method == "POST" and rejected_forms.is_page_of_another_user(request):
                return rejected_forms.rejected(cast(HtmxHttpRequest, request), "other_user", keep=False)
            if request.user.role not in allowed:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.roles = allowed  # type: ignore[attr-defined]  # read by needs_sign_in, and by the test of who may open what
        return cast(View, guarded)

    return decorate


signed_in = roles(*EVERYBODY)
operator = roles(*REVIEWERS)
administrator = roles(ADMINISTRATOR)


class ActorEnded(PermissionDenied):
    """The actor was deactivated or deleted, or the session or token ended, while the request was being served."""


def actor_of(request: HttpRequest, user: Any = None) -> Actor:
    """Who acts by this request. Whatever authenticates a request otherwise than by its session sets `request.credential`. `user`: given
    where `request.user` is not set yet."""
    credential = getattr(request, "credential", None) or SessionCredential.of(request.session)
    return Actor(user or request.user, credential, request.META.get("REMOTE_ADDR") or None, request.headers.get("User-Agent", ""))


def authenticate_as(request: HttpRequest, user: Any, credential: Credential) -> None:
    """Makes `user` the request's user, for what authenticates a request otherwise than by its session."""
    request = cast(AuthenticatedHttpRequest, request)
    request.user, request.credential = user, credential


def lock(actor: Actor | None, *allowed: str, users: Q = NOBODY) -> dict[int, Any]:
    """Locks the rows of the actor and of `users` until the transaction ends, and returns them by key.

    The door's answer may be old by now, so the actor is checked again as the row is now: active, with one of the roles `allowed` (or
    PROVISIONER), the session or token valid. Raises PermissionDenied. All rows are locked by one query in the order of their keys, so
    that two transactions never wait for each other; rows that only name a user (`no_key`) need not wait. None: the command line,
    nothing to check.
    """
    wanted = users | Q(pk=actor.user.pk) if actor else users
    rows = get_user_model().objects.filter(wanted).select_for_update(no_key=True).order_by("pk")
    found = {row.pk: row for row in rows}
    if actor:
        row = found.get(actor.user.pk)
        if row is None or not actor.is_valid(row):
            raise ActorEnded
        require(row.role in allowed or (PROVISIONER in allowed and row.may_provision))
    return found


def may_review(user: Any) -> bool:
    """May `user` see faults and the Django admin?"""
    return user.is_authenticated and user.is_active and user.role in REVIEWERS


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


def may_revoke(user: Any, token: Any) -> bool:
    """May `user` end `token`, which has a `user_id`? As `owned`."""
    return user.role == ADMINISTRATOR or token.user_id == user.pk
