"""The groups that a company sign-in names: stored at each sign-in, and gone with the next one that no longer names them."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.core.text import clean
from portal.directory import owner_faults, roles
from portal.directory.models import NAME_MAX, Group, Membership
from portal.users.models import User

MAX_GROUPS = 500  # of one sign-in; those that give a role come first
LISTED = 20  # in the audit trail


def set_claim_groups(user: User, names: Iterable[str], actor: Actor | None, now: datetime) -> User:
    """Makes `names` the claim groups of `user`, who is managed from then on, and applies the role. Returns the row as it is now: a lowered
    role has a new session stamp. Names that could not be a group's are left out. A sign-in without the claim gives no names."""
    with transaction.atomic():
        access.lock(None, users=Q(pk=user.pk) | roles.ADMINISTRATORS)
        store(user, chosen(names), actor, now)
        return roles.manage(user, actor, now, by_claim=True)


def forget_claims(user: User, actor: Actor | None, now: datetime) -> User:
    """For a user whose last company account was disconnected: their claim groups end, and with them the role that these gave."""
    with transaction.atomic():
        access.lock(None, users=Q(pk=user.pk) | roles.ADMINISTRATORS)
        store(user, [], actor, now)
        return roles.manage(user, actor, now, by_claim=False)


def chosen(names: Iterable[str]) -> list[str]:
    """Those of `names` that are stored, each once, in the form in which groups are stored."""
    given = roles.given()
    found = dict.fromkeys(name for each in names if (name := cleaned(each)))
    return sorted(found, key=lambda name: name not in given)[:MAX_GROUPS]


def cleaned(name: object) -> str:
    """ "" for what cannot be a group's name."""
    try:
        return clean(name, NAME_MAX) if isinstance(name, str) else ""
    except ServiceError:
        return ""


def store(user: User, names: list[str], actor: Actor | None, now: datetime) -> None:
    claims = Group.objects.filter(source=Group.Source.CLAIM)
    mine = Membership.objects.filter(user=user, group__source=Group.Source.CLAIM)
    before = dict(mine.values_list("group__name", "group"))
    joined, left = [name for name in names if name not in before], [name for name in before if name not in set(names)]
    if not joined and not left:
        return
    new = [Group(name=name, source=Group.Source.CLAIM, created_at=now) for name in joined]
    Group.objects.bulk_create(new, ignore_conflicts=True)
    ids = list(claims.filter(name_key__in=joined).values_list("pk", flat=True))
    Membership.objects.bulk_create([Membership(group_id=pk, user=user) for pk in ids], ignore_conflicts=True)
    gone = [before[name] for name in left]
    mine.filter(group__in=gone).delete()
    audit.record(actor, user, audit.UPDATE, groups_joined=("", listed(joined)), groups_left=("", listed(left)))
    owner_faults.update_groups([*ids, *gone], now)


def listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
