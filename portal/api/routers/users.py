"""Users: reading for those who may review, and everybody's own; the rest for administrators."""

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Path, Query, Router, Status

from portal.api.documented import TAGGED
from portal.api.errors import responses
from portal.api.pagination import ListQuery, Page, page
from portal.api.schemas import IfMatch, UserChange, UserIn, Username, UserOut
from portal.core import permissions as access
from portal.core import versions
from portal.core.list_views import matching, search_text
from portal.core.requests import AuthenticatedHttpRequest
from portal.users import renaming, services
from portal.users.models import SEARCH, User

router = Router(tags=["Users"])
ONE = "/{username}"


class UserPage(Page[UserOut]):
    pass


def existing(username: str, **reach: Any) -> User:
    return get_object_or_404(User.objects.existing(), username=username, **reach)


def tagged(response: HttpResponse, user: User) -> User:
    response["ETag"] = versions.etag(user.version)
    return user


@router.get("", response=responses({200: UserPage}, 403, 422))
@access.operator
def list_users(request: AuthenticatedHttpRequest, query: Query[ListQuery]) -> dict[str, Any]:
    """Users by name. `q` searches usernames and display names."""
    rows = User.objects.existing()
    order = ("search_key",)  # which is unique, as the username is in any case of its letters
    return page(matching(rows, SEARCH, search_text(query.q)), order, query)


@router.post("", response=responses({201: UserOut}, 403, 409, 415, 422))
@access.administrator
def create_user(request: AuthenticatedHttpRequest, data: UserIn) -> Status[User]:
    """Creates a person, who is invited by email, or a service account."""
    return Status(201, services.create(**data.dict(), actor=access.actor_of(request)))


@router.get(ONE, response=responses({200: UserOut}, 404, 422), openapi_extra=TAGGED)
@access.signed_in
def get_user(request: AuthenticatedHttpRequest, response: HttpResponse, username: Path[Username]) -> User:
    """The `ETag` changes with whatever `PATCH`, activation and deactivation change, but not with a sign-in."""
    return tagged(response, existing(username, **access.readable(request.user, "pk")))


@router.patch(ONE, response=responses({200: UserOut}, 403, 404, 409, 412, 415, 422), openapi_extra=TAGGED)
@access.administrator
def update_user(
    request: AuthenticatedHttpRequest, response: HttpResponse, username: Path[Username], data: UserChange, if_match: IfMatch = None
) -> User:
    """Changes the given fields. With `If-Match`, only if nobody has changed the user since."""
    given, actor = data.dict(), access.actor_of(request)
    names = given.pop("username"), given.pop("email")
    with transaction.atomic():
        user = services.update(existing(username), **given, actor=actor, read=versions.of_if_match(if_match))
        if names != (None, None):
            user = renaming.rename(user, *names, actor, timezone.now())
    return tagged(response, user)


@router.post(f"{ONE}/activate", response=responses({200: UserOut}, 403, 404, 412, 422), openapi_extra=TAGGED)
@access.administrator
def activate_user(request: AuthenticatedHttpRequest, response: HttpResponse, username: Path[Username], if_match: IfMatch = None) -> User:
    """Reactivates a user. Tokens that were revoked stay revoked. With `If-Match`, only if nobody has
    changed the user since."""
    user = existing(username)
    services.activate(user, access.actor_of(request), versions.of_if_match(if_match))
    return tagged(response, user)


@router.post(f"{ONE}/deactivate", response=responses({200: UserOut}, 403, 404, 412, 422), openapi_extra=TAGGED)
@access.administrator
def deactivate_user(request: AuthenticatedHttpRequest, response: HttpResponse, username: Path[Username], if_match: IfMatch = None) -> User:
    """Ends the user's access immediately: sign-in, sessions and all tokens. With `If-Match`, only if nobody has changed the user since."""
    user = existing(username)
    services.deactivate(user, access.actor_of(request), versions.of_if_match(if_match))
    return tagged(response, user)


@router.delete(ONE, response=responses({204: None}, 403, 404, 412, 422))
@access.administrator
def delete_user(request: AuthenticatedHttpRequest, username: Path[Username], if_match: IfMatch = None) -> Status[None]:
    """Deletes the user and revokes all its tokens. With `If-Match`, only if nobody has changed the user since."""
    services.delete(existing(username), access.actor_of(request), versions.of_if_match(if_match))
    return Status(204, None)
