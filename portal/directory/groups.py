"""The services of groups. Each takes plain values and returns what it made, or raises `ServiceError`.

A group is written by its source alone: `by` says who writes. What follows from other members, roles and owners of service accounts, is
written in the same transaction.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core import versions
from portal.core.actors import Actor
from portal.core.errors import Code, ServiceError
from portal.core.text import clean
from portal.directory import owner_faults, roles
from portal.directory.models import DESCRIPTION_MAX, NAME_MAX, Group, Membership
from portal.users.models import User

Source = Group.Source
FIRST_NAMED = 3


class GroupChanged(ServiceError):
    """Somebody has changed the group since the actor read it. `group`: as it is now."""

    def __init__(self, group: Group) -> None:
        super().__init__(f"{group.name} has been changed since you opened this form.", code=Code.PRECONDITION_FAILED)
        self.group = group


def version(group: Group) -> str:
    """For forms. The members do not change it."""
    return versions.version(name=group.name, description=group.description)


def create(name: str, description: str, actor: Actor | None, now: datetime, source: str = Source.MANUAL) -> Group:
    """Makes a group without members. Raises ServiceError for a name that another group has, in any case of its letters."""
    group = Group(name=clean_name(name), description=clean_description(description), source=source, created_at=now)
    with transaction.atomic():
        lock(actor, source)
        save(group)
        audit.record(actor, group, audit.CREATE, name=("", group.name), source=("", source))
    return group


def update(
    group: Group,
    name: str | None,
    description: str | None,
    actor: Actor | None,
    now: datetime,
    by: str = Source.MANUAL,
    read: versions.Versions = None,
) -> Group:
    """Changes what is not None. A renamed SCIM group gives the role of its new name from then on. `read`: the versions that the actor
    knows; with another one GroupChanged is raised."""
    given = {
        "name": None if name is None else clean_name(name),
        "description": None if description is None else clean_description(description),
    }
    with transaction.atomic():
        lock(actor, by, members_of(group))
        group = writable(group, by)
        if not versions.accepts(read, version(group)):
            raise GroupChanged(group)
        changes = {field: (getattr(group, field), value) for field, value in given.items() if value not in (None, getattr(group, field))}
        if changes:
            for field, (_, value) in changes.items():
                setattr(group, field, value)
            save(group)
            audit.record(actor, group, audit.UPDATE, **changes)
        if "name" in changes and group.source != Source.MANUAL:
            roles.apply_many(member_ids(group), actor, now)
    return group


def delete(group: Group, actor: Actor | None, now: datetime, by: str = Source.MANUAL) -> None:
    """Deletes the group. Its members lose the role that it gave, and the service accounts that it owned an owner."""
    with transaction.atomic():
        lock(actor, by, members_of(group))
        group = writable(group, by, empty=True)
        ids, owned = member_ids(group), list(group.owned.values_list("service_account", flat=True))
        audit.record(actor, group, audit.DELETE, name=(group.name, ""), members=(len(ids), 0))
        group.delete()
        follow(group, ids, owned, actor, now)


def add_members(group: Group, ids: Collection[int], actor: Actor | None, now: datetime, by: str = Source.MANUAL) -> int:
    """Adds people. Returns how many of them are new. Raises ServiceError for a service account, a deleted or an unknown user."""
    with transaction.atomic():
        rows = lock(actor, by, Q(pk__in=ids))
        return change(writable(group, by), people(rows, ids), [], actor, now)


def remove_members(group: Group, ids: Collection[int], actor: Actor | None, now: datetime, by: str = Source.MANUAL) -> int:
    """Returns how many of `ids` were members."""
    with transaction.atomic():
        rows = lock(actor, by, Q(pk__in=ids))
        return change(writable(group, by), [], [rows[pk] for pk in ids if pk in rows], actor, now)


def set_members(group: Group, ids: Collection[int], actor: Actor | None, now: datetime, by: str = Source.MANUAL) -> None:
    """Makes the people `ids` the members, and nobody else."""
    with transaction.atomic():
        rows = lock(actor, by, Q(pk__in=ids) | members_of(group))
        group = writable(group, by)
        others = set(member_ids(group)) - set(ids)
        change(group, people(rows, ids), [rows[pk] for pk in others if pk in rows], actor, now)


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
    next sign-in makes anew if it needs it, can be deleted by hand."""
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


def clean_name(name: str) -> str:
    """The name as it is stored. Raises ServiceError."""
    found = clean(name, NAME_MAX)
    if not found:
        raise ServiceError("Enter a name.", "name")
    return found


def clean_description(text: str) -> str:
    return clean(text, DESCRIPTION_MAX, "Description", "description")


def save(group: Group) -> None:
    """Raises ServiceError if another group has the name."""
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError:
        raise ServiceError(f"A group named {group.name} already exists.", "name", Code.CONFLICT) from None
