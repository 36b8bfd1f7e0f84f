"""Who owns service accounts: the people and groups that look after them and get their notifications."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.directory import owner_faults, roles
from portal.directory.models import Group, Membership, Ownership
from portal.users.models import User

MAX_OWNERS = 20  # of one service account, each of which can be a group


def set_owners(account: User, users: Collection[int], groups: Collection[int], actor: Actor | None, now: datetime) -> None:
    """Makes the people `users` and `groups` the owners of a service account, and nobody else.

    Raises ServiceError for what is no service account, for an owner that is none or inactive, and for none at all where there was one: a
    service account can be handed over, but not abandoned."""
    with transaction.atomic():
        rows = lock(account, users, actor)
        account = service_account(rows, account)
        before = list(Ownership.objects.filter(service_account=account).select_related("user", "group"))
        kept = {row.user_id for row in before if row.user_id}
        check(rows, set(users) - kept, len(users) + len(groups), bool(before))
        wanted = [
            *(Ownership(service_account=account, user=rows[pk]) for pk in dict.fromkeys(users) if pk in rows),
            *of_groups(account, groups),
        ]
        write(account, before, wanted, actor)
        owner_faults.update([account.pk], now)


def add(account: User, owner: User | Group, actor: Actor | None, now: datetime) -> None:
    """Adds an owner. Raises ServiceError as `set_owners`, and for who is one already."""
    with transaction.atomic():
        lock(account, [owner.pk] if isinstance(owner, User) else [], actor)
        users, groups = current(account)
        owned = users if isinstance(owner, User) else groups
        if owner.pk in owned:
            raise ServiceError(f"{owner} already owns {account.username}.", "owners")
        owned.append(owner.pk)
        set_owners(account, users, groups, actor, now)


def remove(account: User, row: Ownership, actor: Actor | None, now: datetime) -> None:
    """Removes an owner. Raises ServiceError if it is the only one, or has been removed before."""
    with transaction.atomic():
        lock(account, [], actor)
        users, groups = current(account)
        if (row.user_id or row.group_id) not in (users if row.user_id else groups):
            raise ServiceError(f"{row.owner} has already been removed.")
        set_owners(account, [pk for pk in users if pk != row.user_id], [pk for pk in groups if pk != row.group_id], actor, now)


def lock(account: User, users: Collection[int], actor: Actor | None) -> dict[int, User]:
    """Locks the actor, the service account, `users` and all administrators, which makes changes of owners wait for each other."""
    return access.lock(actor, access.ADMINISTRATOR, users=Q(pk__in=[account.pk, *users]) | roles.ADMINISTRATORS)


def current(account: User) -> tuple[list[int], list[int]]:
    """The owners of a service account: the ids of people and of groups."""
    rows = list(Ownership.objects.filter(service_account=account).order_by("pk").values_list("user", "group"))
    return [user for user, _ in rows if user], [group for _, group in rows if group]


def listed(account: User) -> list[Any]:
    """The owners as their page shows them: annotated with `is_active`, and with the `members` of a group."""
    members = Membership.objects.filter(group=OuterRef("group"), user__is_active=True)
    count = Subquery(members.order_by().values("group").annotate(n=Count("pk")).values("n"))
    rows = Ownership.objects.filter(service_account=account).select_related("user", "group")
    active = Exists(Ownership.objects.active().filter(pk=OuterRef("pk")))
    return list(rows.annotate(is_active=active, members=Coalesce(count, 0)).order_by("pk"))


def service_account(rows: dict[int, User], account: User) -> User:
    found = rows.get(account.pk)
    if found is None or found.deleted_at:
        raise ServiceError(f"{account.username} has already been deleted.")
    if found.kind != User.Kind.SERVICE:
        raise ServiceError(f"{account.username} is a person. Only service accounts have owners.", "owners")
    return found


def check(rows: dict[int, User], new: Collection[int], count: int, had_owners: bool) -> None:
    """`new`: people who are to become owners; `count`: how many owners there will be."""
    if not count and had_owners:
        raise ServiceError("A service account needs at least one owner. Add another one first.", "owners")
    if count > MAX_OWNERS:
        raise ServiceError(f"{count} owners are too many: at most {MAX_OWNERS}. Use a group.", "owners")
    for pk in new:
        check_owner(rows.get(pk))


def check_owner(user: User | None) -> None:
    """Raises ServiceError for who cannot become an owner."""
    if user is None or user.deleted_at:
        raise ServiceError("The owner does not exist (any more).", "owners")
    if user.kind != User.Kind.PERSON or not user.is_active:
        raise ServiceError(f"{user.username} is not an active person, and can't own a service account.", "owners")


def check_new_group(group: Group, leaving: User | Group) -> None:
    """Raises ServiceError for a group by which nobody is reached once `leaving` is gone: one that has just been deleted, too."""
    members = Membership.objects.filter(group=group.pk, user__is_active=True)
    if not (members.exclude(user=leaving.pk) if isinstance(leaving, User) else members).exists():
        raise ServiceError(f"{group.name} has no other active member. Choose another owner.", "owners")


def of_groups(account: User, groups: Collection[int]) -> list[Ownership]:
    """Locks the groups, so that none is deleted meanwhile."""
    found = list(Group.objects.select_for_update().filter(pk__in=groups).order_by("pk"))
    if len(found) != len(set(groups)):
        raise ServiceError("The group does not exist (any more).", "owners")
    return [Ownership(service_account=account, group=group) for group in found]


def write(account: User, before: list[Ownership], wanted: list[Ownership], actor: Actor | None) -> None:
    kept = {(row.user_id, row.group_id) for row in wanted}
    had = {(row.user_id, row.group_id) for row in before}
    gone = [row.pk for row in before if (row.user_id, row.group_id) not in kept]
    Ownership.objects.filter(pk__in=gone).delete()
    Ownership.objects.bulk_create([row for row in wanted if (row.user_id, row.group_id) not in had])
    if had != kept:
        audit.record(actor, account, audit.UPDATE, owners=(names(before), names(wanted)))


def names(rows: Collection[Ownership]) -> str:
    return ", ".join(sorted(str(row.owner) for row in rows))


def hand_over(leaving: User | Group, to: User | Group, actor: Actor | None, now: datetime) -> int:
    """Makes `to` an owner of every service account that would be without an active one if `leaving` were gone. Returns how many.

    Call it in the transaction that ends the access of `leaving`, before that. Raises ServiceError for a `to` that cannot own."""
    with transaction.atomic():
        wanted = [each.pk for each in (leaving, to) if isinstance(each, User)]
        rows = access.lock(actor, access.ADMINISTRATOR, users=Q(pk__in=wanted) | roles.ADMINISTRATORS)
        if to == leaving:
            raise ServiceError("Choose another owner than the one who leaves.", "owners")
        if isinstance(to, User):
            check_owner(rows.get(to.pk))
        else:
            check_new_group(to, leaving)
        accounts = list(losing(leaving).order_by("pk"))
        new = {"user": to} if isinstance(to, User) else {"group": to}
        Ownership.objects.bulk_create([Ownership(service_account=each, **new) for each in accounts], ignore_conflicts=True)
        audit.record_all(actor, accounts, audit.UPDATE, new_owner=("", str(to)))
    return len(accounts)


def losing(leaving: User | Group) -> QuerySet[User]:
    """The active service accounts of which `leaving` is the last active owner, by itself or as the last active member of groups."""
    active = Ownership.objects.active().filter(service_account=OuterRef("pk"))
    accounts = User.objects.existing().filter(kind=User.Kind.SERVICE, is_active=True)
    if isinstance(leaving, Group):
        return accounts.filter(Exists(active.filter(group=leaving)), ~Exists(active.exclude(group=leaving)))
    return accounts.filter(Exists(active), ~Exists(Ownership.objects.active_without(leaving).filter(service_account=OuterRef("pk"))))


def owned_by(owner: User | Group) -> QuerySet[User]:
    """The service accounts that `owner` owns, directly or as a member of groups."""
    accounts = User.objects.existing().filter(kind=User.Kind.SERVICE)
    if isinstance(owner, Group):
        return accounts.filter(Exists(Ownership.objects.filter(service_account=OuterRef("pk"), group=owner)))
    mine = Q(user=owner) | Q(group__memberships__user=owner)
    return accounts.filter(Exists(Ownership.objects.filter(mine, service_account=OuterRef("pk"))))


def people(account: User) -> QuerySet[User]:
    """The active people with an email address who own a service account, by themselves or as members of groups, each once."""
    mine = Q(owned__service_account=account) | Q(memberships__group__owned__service_account=account)
    return User.objects.filter(pk__in=User.objects.filter(mine).values("pk"), is_active=True).exclude(email="").order_by("pk")
