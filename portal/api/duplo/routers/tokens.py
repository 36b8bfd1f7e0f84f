"""Permanent tokens that are not revoked: everybody their own; all of them for those who may review. No list has a token's text."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router, Schema
from pydantic import AwareDatetime

import settings_app.services as config
from portal.api.duplo.streams import stream
from portal.api.routers.tokens import NEWEST_FIRST
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.requests import AuthenticatedHttpRequest
from tokens import services
from tokens.models import Token

router = Router()
OWN, ALL = "/v1/aiservicedesk/user/data/ApiTokens", "/v1/aiservicedesk/admin/data/apiTokens"


class NewToken(Schema):
    name: str
    expiresAt: AwareDatetime | None = None  # noqa: N815  # DuploCloud's name


def shape(token: Token) -> dict[str, Any]:
    return {
        "id": str(token.pk),
        "name": token.name,
        "user": token.user.username,
        "hint": token.hint,
        "status": token.status,
        "createdAt": token.created_at.isoformat(),
        "expiresAt": token.expires_at.isoformat(),
        "lastUsedAt": token.last_used_at and token.last_used_at.isoformat(),
    }


def listed(now: datetime, **reach: Any) -> QuerySet[Token]:
    rows = Token.objects.permanent().with_status(now, services.expiring_before(now))
    return rows.filter(revoked_at=None, **reach).select_related("user")


def revoke(token_id: UUID, actor: Actor, **reach: Any) -> None:
    """Raises Http404 for a token that is not listed."""
    now = timezone.now()
    if not services.revoke(get_object_or_404(listed(now, **reach), pk=token_id), actor, now):
        raise Http404


@router.get(OWN)
@access.signed_in
def list_own(request: AuthenticatedHttpRequest) -> StreamingHttpResponse:
    return stream(listed(timezone.now(), user=request.user), NEWEST_FIRST, shape)


@router.post(OWN)
@access.signed_in
def create_own(request: AuthenticatedHttpRequest, data: NewToken) -> dict[str, Any]:
    """The new token, with its text: in this response only."""
    access.require(access.may_create_own_tokens(request.user, config.get("users_may_create_tokens")))
    now = timezone.now()
    token, text = services.issue(request.user, data.name, data.expiresAt, access.actor_of(request), now)
    return shape(listed(now).get(pk=token.pk)) | {"token": text}


@router.delete(f"{OWN}/{{uuid:token_id}}")
@access.signed_in
def revoke_own(request: AuthenticatedHttpRequest, token_id: UUID) -> None:
    revoke(token_id, access.actor_of(request), user=request.user)


@router.get(ALL)
@access.operator
def list_all(request: AuthenticatedHttpRequest) -> StreamingHttpResponse:
    return stream(listed(timezone.now()), NEWEST_FIRST, shape)


@router.delete(f"{ALL}/{{uuid:token_id}}")
@access.administrator
def revoke_any(request: AuthenticatedHttpRequest, token_id: UUID) -> None:
    revoke(token_id, access.actor_of(request))
