"""Permanent tokens: administrators all, those who may review read all, everybody their own.

Temporary tokens are not here: each belongs to a session, and lives and dies with it.
"""

import uuid
from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from ninja import Header, Path, Query, Router, Status
from pydantic import Field

import settings_app.services as config
from portal.api.documented import header
from portal.api.errors import responses
from portal.api.pagination import ListQuery, Page, page
from portal.api.routers.users import existing
from portal.api.schemas import TokenIn, TokenMade, TokenOut, Username
from portal.core import permissions as access
from portal.core.days import DayField
from portal.core.errors import Code, ServiceError
from portal.core.list_views import matching, search_text
from portal.core.requests import AuthenticatedHttpRequest
from portal.users.models import User
from tokens import dates, services
from tokens.models import Token
from tokens.models.token import TokenQuerySet
from tokens.tables import TokenFilter

router = Router(tags=["Tokens"])
NEWEST_FIRST = ("-created_at", "-id")
REQUESTS = uuid.UUID("7f0a5c1e-6d52-4f0e-9f0b-3c1d6f7a2b94")  # the namespace of Idempotency-Keys
Day = Annotated[date, Field(ge=DayField.first, le=DayField.last)]
Key = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, description="Any text that is unique to the new token.")
]


CREATED_OR_REPLAYED = {
    "responses": {
        200: {
            "description": "The first token of this `Idempotency-Key`, without its text.",
            "headers": {"Idempotent-Replayed": header("The request had been carried out before.", "true")},
        },
        201: {"description": "The new token.", "headers": {"Location": header("The new token's path.", "/api/v1/tokens/…")}},
    }
}


class TokenPage(Page[TokenOut]):
    pass


class TokenQuery(ListQuery):
    user: Username | None = None
    created_by: Username | None = None
    created_with: uuid.UUID | None = None
    status: Literal["active", "expiring", "expired", "revoked"] | None = None
    expires: Literal["7", "30", "90"] | None = None
    expires_from: Day | None = None
    expires_to: Day | None = None


def permanent(now: datetime) -> QuerySet[Token]:
    return Token.objects.listed(now, services.expiring_before(now))


@router.get("/tokens", response=responses({200: TokenPage}, 422))
@access.signed_in
def list_tokens(request: AuthenticatedHttpRequest, query: Query[TokenQuery]) -> dict[str, Any]:
    """Tokens, newest first. `expires`: active ones that expire within that many days; `expires_from`, `expires_to`: active ones that
    expire between these days. `created_by`: who created them; `created_with`: the token that did so. `q` searches names, last characters
    and usernames."""
    rows = permanent(timezone.now()).filter(**access.readable(request.user))
    if query.user is not None:
        rows = rows.filter(user__username=query.user)
    filters = query.model_dump(include=set(TokenFilter.base_filters), mode="json")
    rows = TokenFilter(filters, rows).qs
    return page(matching(rows, TokenQuerySet.found, search_text(query.q)), NEWEST_FIRST, query)


@router.get("/tokens/{uuid:token_id}", response=responses({200: TokenOut}, 404, 422))
@access.signed_in
def get_token(request: AuthenticatedHttpRequest, token_id: uuid.UUID) -> Token:
    """One token. Operators and administrators can read any, other users their own."""
    return get_object_or_404(permanent(timezone.now()), pk=token_id, **access.readable(request.user))


@router.post("/tokens/{uuid:token_id}/revoke", response=responses({200: TokenOut}, 403, 404, 409, 422))
@access.signed_in
def revoke_token(request: AuthenticatedHttpRequest, token_id: uuid.UUID) -> Token:
    """Revokes a token and all tokens that were created with it. Administrators can revoke any token, other users their own."""
    now = timezone.now()
    token = get_token(request, token_id)
    access.require(permanent(now).filter(pk=token.pk, **access.owned(request.user)).exists())
    if not services.revoke(token, access.actor_of(request), now):
        raise ServiceError(services.revoked_already(token), code=Code.CONFLICT)
    return permanent(now).get(pk=token.pk)


@router.post(
    "/users/{username}/tokens", response=responses({200: TokenOut, 201: TokenMade}, 403, 404, 415, 422), openapi_extra=CREATED_OR_REPLAYED
)
@access.signed_in
def create_token(
    request: AuthenticatedHttpRequest, response: HttpResponse, username: Path[Username], data: TokenIn, key: Key = None
) -> Status[Any]:
    """Creates a token. Its text is in this response only. A token created with a permanent token expires no later than that one, and is
    revoked with it.

    With an `Idempotency-Key`, repeating the request creates no second token: the response is a 200 with the first token's data, without
    its text, and with the header `Idempotent-Replayed: true`.
    """
    owner = existing(username, **access.readable(request.user, "pk"))
    access.require(access.may_create_tokens(request.user, owner, config.get("users_may_create_tokens")))
    now = timezone.now()
    request_id = uuid.uuid5(REQUESTS, f"{request.user.pk}:{key}") if key else None
    try:
        token, text = services.issue(owner, data.name, data.expires, access.actor_of(request), now, request_id)
    except services.AlreadyMade as again:
        require_same(again.token, owner, data)
        response["Idempotent-Replayed"] = "true"
        return Status(200, permanent(now).get(pk=again.token.pk))
    made = permanent(now).get(pk=token.pk)
    made.secret = text  # type: ignore[attr-defined]  # read by TokenMade
    response["Location"] = reverse("api:get_token", args=[token.pk])
    return Status(201, made)


def require_same(token: Token, owner: User, data: TokenIn) -> None:
    """A key that comes back with another request was meant for another token. Raises ServiceError."""
    same_day = data.expires in (None, dates.day_of(token.last_moment))
    if token.user != owner or token.name != services.clean_name(data.name) or not same_day:
        raise ServiceError(f"This key was already used to create the token {token.name}. Use a new one.", "Idempotency-Key")
