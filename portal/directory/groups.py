"""The services of groups. Each takes plain values and returns what it made, or raises `ServiceError`.

A group is written by its source alone: `by` says who writes. What follows from other members, roles and owners of service accounts, is
written in the same transaction.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from portal.audit import services as audit
from portal.core import versions
from portal.core.actors import Actor
from portal.core.errors import Code, ServiceError
from portal.core.text import clean
from portal.directory import roles
from portal.directory.membership import change, follow, lock, member_ids, members_of, people, writable
from portal.directory.models import DESCRIPTION_MAX, KEY_MAX, NAME_MAX, Group, same_name

Source = Group.Source


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


def clean_name(name: str) -> str:
    """The name as it is stored. Raises ServiceError."""
    found = clean(name, NAME_MAX)
    if not found:
        raise ServiceError("Enter a name.", "name")
    if len(same_name(found)) > KEY_MAX:
        raise ServiceError("Name has too many letters that are written as several in lower case.", "name")
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
