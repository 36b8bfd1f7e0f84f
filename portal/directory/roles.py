"""The roles of managed users, by the groups that company sign-ins and SCIM put them into (Config key *Roles by Group*).

A role is never kept in two places: it is computed from the stored memberships whenever one of them changes. Groups that are made by
hand give no role, and a user who is not managed (`ManagedUser`) keeps the role that an administrator gave, whatever Config says.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

import settings_app.services as config
from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.directory import last_administrator
from portal.directory.models import Group, ManagedUser, Membership
from portal.users import local_passwords
from portal.users.models import User, new_stamp
from settings_app import role_mapping

KEY = "roles_by_group"
BATCH = 1000
ADMINISTRATORS = Q(role=User.Role.ADMINISTRATOR, deleted_at=None)


class Change(NamedTuple):
    """`groups`: those of the user's groups that give the role `after`."""

    user: User
    after: str
    groups: tuple[str, ...]

    @property
    def lowers(self) -> bool:
        return rank(self.after) < rank(self.user.role)


def rank(role: str) -> int:
    return role_mapping.ROLES.index(role)


def mapping(text: str) -> dict[str, str]:
    """The roles by the names of groups. Raises ValueError that names the line."""
    return dict(role_mapping.parse(text))


def given() -> dict[str, str]:
    """The roles by the names of groups, as Config has them."""
    return dict(config.get(KEY))


def role_for(groups: Iterable[str], roles: Mapping[str, str]) -> str | None:
    """The highest role that one of `groups` gives, and `user` if none does. None, the role stays as it is, if no group gives any."""
    if not roles:
        return None
    return max((roles[group] for group in groups if group in roles), key=rank, default=User.Role.USER.value)


def apply(user: User, actor: Actor | None, now: datetime) -> User:
    """Gives a managed user the role of the stored groups. Returns the row as it is now."""
    apply_many([user.pk], actor, now)
    return User.objects.get(pk=user.pk)


def apply_many(ids: Collection[int], actor: Actor | None, now: datetime) -> int:
    """The same for several, by a fixed number of queries. Returns how many roles have changed.

    A lowered role ends the user's sessions and temporary tokens in the same transaction. The last active administrator keeps the role,
    and a fault says so. `actor` is for the audit trail alone; who may act is checked by the service that changed the groups."""
    roles = given()
    with transaction.atomic():
        rows = access.lock(None, users=Q(pk__in=ids) | ADMINISTRATORS)
        changes = due_changes(rows, ids, roles) if roles else []
        changes, kept = keep_an_administrator(rows, changes)
        last_administrator.update(ids, kept, now)
        write(changes, actor)
    return len(changes)


def apply_all(now: datetime) -> int:
    """The same for all managed users, some at a time: after Roles by Group was changed. Returns how many roles have changed."""
    roles = given()
    ids = list(ManagedUser.objects.order_by("pk").values_list("pk", flat=True)) if roles else []
    changed = 0
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        due = due_changes(User.objects.in_bulk(some), some, roles)  # nearly always none, and then nothing is locked
        changed += apply_many([change.user.pk for change in due], None, now) if due else 0
    return changed


def due_changes(rows: Mapping[int, User], ids: Collection[int], roles: Mapping[str, str]) -> list[Change]:
    """What is to change about the locked `rows` of the users `ids`. The emergency administrator keeps the role: the way in
    when the company's sign-in or directory fails must not depend on them."""
    managed = {row.pk: row for row in ManagedUser.objects.filter(user__in=ids)}
    groups: dict[int, list[str]] = {pk: [] for pk in managed}
    wanted = Membership.objects.filter(user__in=ids, group__name__in=list(roles)).exclude(group__source=Group.Source.MANUAL)
    for pk, name, source in wanted.values_list("user", "group__name", "group__source"):
        if pk in managed and counts(managed[pk], source):
            groups[pk].append(name)
    people = [rows[pk] for pk in sorted(groups) if pk in rows and rows[pk].kind == User.Kind.PERSON and not rows[pk].deleted_at]
    found = [Change(row, role, giving(groups[row.pk], role, roles)) for row in people if (role := role_for(groups[row.pk], roles))]
    due = [change for change in found if change.after != change.user.role]
    emergency = config.get(local_passwords.EMERGENCY) if any(change.user.is_administrator for change in due) else ""
    return [change for change in due if not local_passwords.is_named(change.user, emergency)]


def counts(managed: ManagedUser, source: str) -> bool:
    """Do groups of this source give this user a role?"""
    return managed.by_claim if source == Group.Source.CLAIM else managed.by_scim


def manage(user: User, actor: Actor | None, now: datetime, **by: bool) -> User:
    """Notes who manages `user` (`by_claim`, `by_scim`), and applies the role. The groups of a source that no longer does give none.
    Returns the row as it is now."""
    with transaction.atomic():
        access.lock(None, users=Q(pk=user.pk) | ADMINISTRATORS)
        stored = ManagedUser.objects.filter(pk=user.pk).first() or ManagedUser(user=user)
        for field, value in by.items():
            setattr(stored, field, value)
        stored.save()
        found = apply(user, actor, now)
        if not stored.by_claim and not stored.by_scim:
            stored.delete()
    return found


def giving(groups: Iterable[str], role: str, roles: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted({group for group in groups if roles[group] == role}))


def keep_an_administrator(rows: Mapping[int, User], changes: list[Change]) -> tuple[list[Change], User | None]:
    """Leaves out one change if they took the role from all active administrators. `rows`: all of these, locked. Returns who keeps it."""
    active = [row for row in rows.values() if row.can_administrate]
    losing = [change.user for change in changes if change.user.can_administrate]
    joining = [change.user for change in changes if change.after == User.Role.ADMINISTRATOR and change.user.may_sign_in]
    if not active or joining or len(losing) < len(active):
        return changes, None
    kept = min(losing, key=lambda user: user.pk)
    return [change for change in changes if change.user != kept], kept


def write(changes: list[Change], actor: Actor | None) -> None:
    """Writes the changes of locked rows, and what the audit trail says of them: one statement for each role and the groups that give it."""
    lowered = [change.user for change in changes if change.lowers]
    for user in lowered:
        user.session_stamp = new_stamp()
    User.objects.bulk_update(lowered, ["session_stamp"], batch_size=500)
    same: dict[tuple[str, str, tuple[str, ...]], list[User]] = {}
    for change in changes:
        same.setdefault((change.user.role, change.after, change.groups), []).append(change.user)
    for (before, after, groups), users in same.items():
        User.objects.filter(pk__in=[user.pk for user in users]).update(role=after)
        reason = ", ".join(groups) or "no group in Roles by Group"
        audit.record_all(actor, users, audit.UPDATE, role=(before, after), role_given_by=("", reason))
