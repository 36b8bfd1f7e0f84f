"""What a directory's requests do to groups. The services of groups are the only ones that write their rows: they apply roles, too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from scim2_models import Context

from portal.audit import services as audit
from portal.core.actors import Actor
from portal.core.versions import Versions, accepts
from portal.directory import groups as services
from portal.directory import membership
from portal.directory.models import Group
from portal.scim import addresses, groups, protocol
from portal.scim.addresses import USER
from portal.scim.errors import ScimError
from portal.scim.group_operations import GroupEdit
from portal.scim.groups import find, listed, represented
from portal.scim.models import ScimGroup

__all__ = ["create", "delete", "find", "listed", "patch", "replace", "represented"]
PATCH_RESPONDS = False  # a group can have thousands of members, of whom one was added
SCIM = Group.Source.SCIM
Data = Mapping[str, Any]  # a request's body


def create(data: Data, actor: Actor, now: datetime) -> Group:
    """POST: makes a group. A group that administrators made is not taken over: 409 for its name. Raises ScimError."""
    wanted = protocol.resource(protocol.Group, data, Context.RESOURCE_CREATION_REQUEST)
    ids, external_id = member_ids(wanted), protocol.external_id(wanted.external_id)
    with transaction.atomic():
        membership.lock(actor, SCIM, Q(pk__in=ids))
        group = services.create(wanted.display_name or "", "", actor, now, source=SCIM)
        if ids:
            services.add_members(group, ids, actor, now, by=SCIM)
        keep(group, external_id, actor)
    return groups.rows().get(pk=group.pk)


def replace(group: Group, data: Data, actor: Actor, now: datetime, read: Versions = None) -> Group:
    """PUT: members that are left out are removed. `read`: the versions that the directory knows. Raises ScimError."""
    wanted = protocol.resource(protocol.Group, data, Context.RESOURCE_REPLACEMENT_REQUEST)
    edit = GroupEdit(wanted.display_name, protocol.external_id(wanted.external_id), replaces=True, joining=set(member_ids(wanted)))
    return change(group, edit, actor, now, read)


def patch(group: Group, data: Data, actor: Actor, now: datetime, read: Versions = None) -> Group:
    """PATCH: all of the operations, or none. Raises ScimError."""
    edit = GroupEdit()
    for operation in protocol.operations(protocol.Group, data).operations or []:
        with protocol.library_errors():
            edit.apply(operation)
    return change(group, edit, actor, now, read)


def delete(group: Group, actor: Actor, now: datetime, read: Versions = None) -> None:
    """DELETE: the members lose the role that the group gave. Raises ScimError."""
    with transaction.atomic():
        membership.lock(actor, SCIM, membership.members_of(group))
        checked(group, read)
        services.delete(group, actor, now, by=SCIM)


def change(group: Group, edit: GroupEdit, actor: Actor, now: datetime, read: Versions) -> Group:
    """One transaction, which locks all the users that it will need at once, so that it never waits for another that waits for it."""
    renames = edit.name not in (None, group.name)
    everybody = membership.members_of(group) if edit.replaces or renames else Q(pk__in=())
    with transaction.atomic():
        membership.lock(actor, SCIM, Q(pk__in=edit.joining | edit.leaving) | everybody)
        row = checked(group, read)
        if renames:
            services.update(row, edit.name, None, actor, now, by=SCIM)
        if edit.replaces:
            services.set_members(row, edit.joining, actor, now, by=SCIM)
        else:
            if edit.leaving:
                services.remove_members(row, edit.leaving, actor, now, by=SCIM)
            if edit.joining:
                services.add_members(row, edit.joining, actor, now, by=SCIM)
        if edit.external_id is not None:
            keep(row, edit.external_id, actor)
    return groups.rows().get(pk=group.pk)


def checked(group: Group, read: Versions) -> Group:
    """The group's row, locked, in one of the versions `read`. Raises ScimError."""
    if not Group.objects.select_for_update().filter(pk=group.pk, source=SCIM).exists():
        raise ScimError(404, "No such resource.")
    row = groups.rows().get(pk=group.pk)
    if read is not None and not accepts(read, groups.version(row, groups.state_of(row))):
        raise ScimError(412, protocol.CHANGED)
    return row


def keep(group: Group, external_id: str, actor: Actor) -> None:
    """Writes what the portal has no field for."""
    before = groups.external_id(group)
    if external_id != before:
        ScimGroup.objects.update_or_create(group=group, defaults={"external_id": external_id})
        audit.record(actor, group, audit.UPDATE, external_id=(before, external_id))


def member_ids(wanted: protocol.Group) -> list[int]:
    """The people's keys. Raises ScimError."""
    return [member_key(member.value) for member in wanted.members or []]


def member_key(value: Any) -> int:
    key = addresses.key_of(USER, value) if isinstance(value, str) else None
    if key is None:
        raise ScimError(400, f"{str(value)[:80]} is the id of no user. Only users can be members.", "invalidValue")
    return key
