"""Users. `User` and `Administrator` are the portal's roles of these names; an operator is shown as a read-only `User`."""

from typing import Any, Literal

from django.http import StreamingHttpResponse
from ninja import Router, Schema

from portal.api.duplo.streams import stream
from portal.api.routers.users import existing
from portal.api.schemas import Username
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.core.requests import AuthenticatedHttpRequest
from portal.users import services
from portal.users.models import User

router = Router()
ACTIVE, INACTIVE = "active", "inactive"


class UserRole(Schema):
    """What DuploCloud has beside these fields (VPN addresses, for example) has no effect."""

    Username: Username
    Roles: list[Literal["User", "Administrator"]] | None = None
    IsReadOnly: bool | None = None
    State: Literal["", "added", "updated", "deleted", "active", "inactive"] | None = None


def shape(user: User) -> dict[str, Any]:
    return {
        "Username": user.username,
        "Roles": ["Administrator" if user.is_administrator else "User"],
        "IsReadOnly": user.role == User.Role.OPERATOR,
        "ApiTokens": [],
        "State": ACTIVE if user.is_active else INACTIVE,
    }


def role_of(data: UserRole, now: str) -> str:
    """The role that the request asks for. `now`: the user's present one, which a request without Roles keeps. An operator stays one when
    sent back as shown. Raises ServiceError: nobody who asks for a read-only user must get one that may do more than a User."""
    if data.Roles == []:
        raise ServiceError("Roles needs User or Administrator.", "Roles")
    role = now
    if data.Roles:
        role = User.Role.ADMINISTRATOR if "Administrator" in data.Roles else User.Role.USER
    if role != User.Role.ADMINISTRATOR and now == User.Role.OPERATOR:
        role = User.Role.USER if data.IsReadOnly is False else User.Role.OPERATOR
    if data.IsReadOnly and role != User.Role.OPERATOR:
        raise ServiceError("IsReadOnly marks operators. Choose the role Operator in the portal.", "IsReadOnly")
    return role


def update(user: User, data: UserRole, actor: Actor) -> User:
    """`active` and `inactive` come with an object that was read and is sent back: they change nothing. Raises ServiceError."""
    if data.State in (ACTIVE, INACTIVE) and data.State != shape(user)["State"]:
        raise ServiceError("State doesn't activate or deactivate users. Use the portal.", "State")
    return services.update(user, None, role_of(data, user.role), actor)


@router.get("/admin/GetAllUserRoles")
@access.operator
def list_users(request: AuthenticatedHttpRequest) -> StreamingHttpResponse:
    return stream(User.objects.existing(), ("id",), shape)


@router.get("/admin/GetUserRoleInfo")
@access.signed_in
def own_roles(request: AuthenticatedHttpRequest) -> dict[str, Any]:
    return shape(request.user)


@router.post("/admin/UpdateUserRole")
@access.administrator
def update_user_role(request: AuthenticatedHttpRequest, data: UserRole) -> dict[str, Any] | None:
    """Creates, changes or deletes a user, by `State`."""
    actor = access.actor_of(request)
    if not data.State or data.State == "added":
        return shape(services.create(data.Username, "", role_of(data, User.Role.USER), actor))
    user = existing(data.Username)
    if data.State == "deleted":
        services.delete(user, actor)
        return None
    return shape(update(user, data, actor))
