"""What the services of groups (groups.py) are made of: the lock, who may write a group, and what follows from other members."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import Code, ServiceError
from portal.directory import owner_faults, roles
from portal.directory.models import Group, Membership
from portal.users.models import User

Source = Group.Source
FIRST_NAMED = 3


def lock(actor: Actor | None, by: str, users: Q = access.NOBODY) -> dict[int, User]:
    """Locks the actor, `users` and all administrators, which makes changes of groups and owners wait for each other."""
    allowed = (access.ADMINISTRATOR, access.PROVISIONER) if by == Source.SCIM else (access.ADMINISTRATOR,)
    return access.lock(actor, *allowed, users=users | roles.ADMINISTRATORS)


def members_of(group: Group) -> Q:
    return Q(pk__in=Membership.objects.filter(group=group.pk).values("user"))


def member_ids(group: Group) -> list[int]:
    return list(Membership.objects.filter(group=group.pk).order_by("user").values_list("user", flat=True))


def writable(group: Group, by: str, empty: bool = False) -> Group:
    """The group's row, locked. Raises ServiceError if it is gone or written by others. `empty`: a claim group without members, which the
    next sign-in makes again if it needs it, can be deleted by hand."""
    found = Group.objects.select_for_update().filter(pk=group.pk).first()
    if found is None:
        raise ServiceError(f"{group.name} has already been deleted.")
    unused = empty and found.source == Source.CLAIM and by == Source.MANUAL and not found.memberships.exists()
    if found.source != by and not unused:
        writer = {Source.SCIM: "your directory (SCIM)", Source.CLAIM: "company sign-in"}.get(Source(found.source), "administrators")
        raise ServiceError(f"{found.name} is managed by {writer} and can't be changed here.", code=Code.CONFLICT)
    return found


def people(rows: dict[int, User], ids: Collection[int]) -> list[User]:
    """The locked rows of `ids`, all of which must be people that exist."""
    for pk in ids:
        user = rows.get(pk)
        if user is None or user.deleted_at:
            raise ServiceError("A user to add does not exist (any more).", "members")
        if user.kind != User.Kind.PERSON:
            raise ServiceError(f"{user.username} is a service account. Only people can be members.", "members")
    return [rows[pk] for pk in dict.fromkeys(ids)]


def change(group: Group, joining: list[User], leaving: list[User], actor: Actor | None, now: datetime) -> int:
    """Adds and removes members of a locked group, records both, and what follows. Returns how many have changed."""
    members = set(member_ids(group))
    joined = [user for user in joining if user.pk not in members]
    left = [user for user in leaving if user.pk in members]
    Membership.objects.bulk_create([Membership(group=group, user=user) for user in joined], batch_size=1000)
    Membership.objects.filter(group=group, user__in=[user.pk for user in left]).delete()
    if joined or left:
        audit.record(actor, group, audit.UPDATE, added=("", names(joined)), removed=("", names(left)))
        audit.record_all(actor, joined, audit.UPDATE, joined_group=("", group.name))
        audit.record_all(actor, left, audit.UPDATE, left_group=("", group.name))
        owned = list(group.owned.values_list("service_account", flat=True))
        follow(group, [user.pk for user in joined + left], owned, actor, now)
    return len(joined) + len(left)


def follow(group: Group, ids: Collection[int], owned: Collection[int], actor: Actor | None, now: datetime) -> None:
    """What follows for the users `ids` and the service accounts `owned` from a change of the group's members."""
    if group.source != Source.MANUAL:
        roles.apply_many(ids, actor, now)
    owner_faults.update(owned, now)


def names(users: list[User]) -> str:
    """`a, b, c and 4,000 more`, for the audit trail."""
    more = f" and {len(users) - FIRST_NAMED:,} more" if len(users) > FIRST_NAMED else ""
    return ", ".join(user.username for user in users[:FIRST_NAMED]) + more
