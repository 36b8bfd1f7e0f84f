"""What a directory's requests do to people. The services of users and roles are the only ones that write their rows."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from scim2_models import Context

import settings_app.services as config
from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.core.versions import Versions, accepts
from portal.directory import roles
from portal.scim import people, protection, protocol
from portal.scim.errors import ScimError
from portal.scim.models import ScimUser
from portal.scim.people import find, listed, represented
from portal.scim.person_values import check_number, email_of, full_name, kept
from portal.users import renaming, services
from portal.users.models import User

__all__ = ["create", "delete", "find", "listed", "patch", "replace", "represented"]
PATCH_RESPONDS = True
MOST_OPERATIONS = 200  # of a PATCH request, during which other changes of users wait
Data = Mapping[str, Any]  # a request's body
Edit = Callable[[protocol.User], protocol.User]  # of the user as it is, for as it is to be


def create(data: Data, actor: Actor, now: datetime) -> User:
    """POST: creates a person without a password. The name of a deleted one brings that person back, without groups, role and tokens. Raises
    ScimError: 409 for a name that is taken, 400 for an invalid value."""
    wanted = protocol.resource(protocol.User, data, Context.RESOURCE_CREATION_REQUEST)
    username, email, stored = wanted.user_name or "", email_of(wanted), kept(wanted)
    services.check_name(username)
    with transaction.atomic():
        try:
            user = services.create(
                username,
                wanted.display_name or full_name(wanted),
                User.Role.USER,
                actor,
                kind=User.Kind.PERSON,
                email=email,
                invite=bool(config.get("scim_invitations")),
            )
        except ServiceError as error:
            if error.field != "username":
                raise
            raise ScimError(409, str(error), "uniqueness") from None  # the name is well formed, and somebody's
        keep(user, protocol.external_id(wanted.external_id), stored, actor)
        roles.manage(user, actor, now, by_scim=True)
        if wanted.active is False:
            services.deactivate(user, actor)
    return people.rows().get(pk=user.pk)


def replace(user: User, data: Data, actor: Actor, now: datetime, read: Versions = None) -> User:
    """PUT: what is left out is cleared, but for `active`. `read`: the versions that the directory knows. Raises ScimError."""
    wanted = protocol.resource(protocol.User, data, Context.RESOURCE_REPLACEMENT_REQUEST)

    def edit(before: protocol.User) -> protocol.User:
        wanted.display_name = wanted.display_name or full_name(wanted) or None
        wanted.active = before.active if wanted.active is None else wanted.active
        return wanted

    return change(user, edit, actor, now, read)


def patch(user: User, data: Data, actor: Actor, now: datetime, read: Versions = None) -> User:
    """PATCH: all of the operations, or none. Raises ScimError."""
    operations = protocol.operations(protocol.User, data)
    if len(operations.operations or []) > MOST_OPERATIONS:
        raise ScimError(400, f"At most {MOST_OPERATIONS} operations on a user.", "invalidValue")

    def edit(before: protocol.User) -> protocol.User:
        after = before.model_copy(deep=True)
        for operation in operations.operations or []:
            with protocol.library_errors():
                operations.model_copy(update={"operations": [operation]}).patch(after)
            check_number(after.emails or [])  # each further operation takes as long as there are addresses
        if after.active is None:
            raise ScimError(400, "active can't be removed.", "mutability")
        if after.display_name == before.display_name and (before.display_name or "") == full_name(before):
            after.display_name = full_name(after) or after.display_name  # it was made of the name, and follows it
        return after

    return change(user, edit, actor, now, read)


def delete(user: User, actor: Actor, now: datetime, read: Versions = None) -> None:
    """DELETE: ends all access; the row stays for the audit trail. Raises ScimError."""
    with transaction.atomic():
        row = locked(user, actor, read)
        protection.check_end(row)
        services.delete(row, actor)


def locked(user: User, actor: Actor, read: Versions) -> User:
    """The row as it is now, locked, in one of the versions `read`. Raises ScimError."""
    services.locked(user, actor, access.PROVISIONER)
    row = people.rows().get(pk=user.pk)
    if not accepts(read, people.version(row)):
        raise ScimError(412, protocol.CHANGED)
    return row


def change(user: User, edit: Edit, actor: Actor, now: datetime, read: Versions) -> User:
    """In one transaction. Nobody who leaves stays because of a name or an address that can't be written: then it remains as it is."""
    with transaction.atomic():
        row = locked(user, actor, read)
        wanted = edit(people.resource(row))
        try:
            with transaction.atomic():
                write(row, wanted, actor, now)
        except (ServiceError, ScimError):
            if not row.is_active or wanted.active is not False:
                raise
            protection.check_end(row)
            services.deactivate(row, actor)
    return people.rows().get(pk=user.pk)


def write(row: User, wanted: protocol.User, actor: Actor, now: datetime) -> None:
    """The services under it write what differs, and the directory manages the user from then on. `row`: locked."""
    username, email = wanted.user_name or "", email_of(wanted)
    protection.check_change(row, username, email, wanted.active is True)
    if (username, email) != (row.username, row.email):
        services.check_name(username)
        renaming.rename(row, username, email, actor, now)
    if (wanted.display_name or "") != row.display_name:
        services.update(row, wanted.display_name or "", None, actor)
    keep(row, protocol.external_id(wanted.external_id), kept(wanted), actor)
    if protection.can_be_managed(row):
        roles.manage(row, actor, now, by_scim=True)
    if wanted.active != row.is_active:
        (services.activate if wanted.active else services.deactivate)(row, actor)


def keep(user: User, external_id: str, stored: dict[str, Any], actor: Actor) -> None:
    """Writes what the portal has no field for."""
    before = people.external_id(user)
    ScimUser.objects.update_or_create(user=user, defaults={"external_id": external_id, "attributes": stored})
    if external_id != before:
        audit.record(actor, user, audit.UPDATE, external_id=(before, external_id))
