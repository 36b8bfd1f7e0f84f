"""Where a user is signed in, and the end of that: one's own sessions, for administrators anybody's."""

from typing import Any

from django.utils import timezone
from ninja import Field, Path, Query, Router, Schema, Status

from portal.api.errors import responses
from portal.api.pagination import KnownQuery, ListQuery, Page, page
from portal.api.routers.users import existing
from portal.api.schemas import Instant, Username
from portal.core import permissions as access
from portal.core.requests import AuthenticatedHttpRequest
from portal.sessions import services
from portal.sessions.models import SignIn
from portal.users.models import User

router = Router(tags=["Users"])
SESSIONS = "/{username}/sessions"


class SessionOut(Schema):
    id: int
    device: str = Field(description="Browser and system, as the browser says.", examples=["Firefox on Windows"])
    address: str | None = Field(description="The IP address that it was last used from.", examples=["192.0.2.7"])
    method: str = Field(description="How the person signed in; empty where that is not known.", examples=["Password, Passkey"])
    signed_in_at: Instant
    last_seen_at: Instant = Field(description="Accurate to 5 minutes.")


class SessionPage(Page[SessionOut]):
    pass


class SessionQuery(KnownQuery):
    limit: int = Field(50, ge=1, le=200, description="Maximum number of rows.")
    cursor: str | None = Field(None, description="The `next` value of the previous page. Omit it for the first page.")


def owner(request: AuthenticatedHttpRequest, username: str) -> User:
    """404 for the sessions of others, unless an administrator asks."""
    return existing(username, **({} if request.user.is_administrator else {"pk": request.user.pk}))


@router.get(SESSIONS, response=responses({200: SessionPage}, 404, 422))
@access.signed_in
def list_sessions(request: AuthenticatedHttpRequest, username: Path[Username], query: Query[SessionQuery]) -> dict[str, Any]:
    """The user's active sessions. Administrators see anybody's."""
    rows = SignIn.objects.active(owner(request, username), timezone.now())
    return page(rows, ("pk",), ListQuery.model_construct(limit=query.limit, cursor=query.cursor))


@router.delete(SESSIONS, response=responses({204: None}, 404, 422))
@access.signed_in
def end_sessions(request: AuthenticatedHttpRequest, username: Path[Username]) -> Status[None]:
    """Ends all of the user's sessions, with their temporary tokens. Permanent tokens are not affected. Administrators end anybody's."""
    services.end_all(owner(request, username), access.actor_of(request), timezone.now())
    return Status(204, None)
