"""A directory whose token, service account or permission ended between the door and the write: no request writes anything."""

from collections.abc import Callable
from threading import Event
from time import sleep
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from portal.audit.models import Entry
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.directory import groups, roles
from portal.directory.models import Group, Membership
from portal.scim import group_changes, people_changes
from portal.scim.models import ScimUser
from portal.users.models import User
from tests.factories import AdministratorFactory, ServiceFactory, UserFactory, issue
from tests.racing import race, widen
from tokens import services
from tokens.credentials import TokenCredential
from tokens.models import Token
from tokens.verification.verify import Rejected, verify

RUNS_ON = "postgres"
Job = Callable[[], Any]


def directory() -> Actor:
    service = ServiceFactory(may_provision=True)
    token, _ = issue(service, "scim")
    return Actor(service, TokenCredential(token.pk))


def operation(**values: Any) -> dict[str, Any]:
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [values]}


def jobs(actor: Actor) -> dict[str, Job]:
    """Every write of a directory. The rows that each needs are made here."""
    now = timezone.now()
    one, inactive, member = UserFactory(), UserFactory(is_active=False), UserFactory()
    group = groups.create("Engineering", "", None, now, source=Group.Source.SCIM)
    groups.add_members(group, [member.pk], None, now, by=Group.Source.SCIM)
    joining = operation(op="add", path="members", value=[{"value": f"user-{one.pk}"}])
    leaving = operation(op="remove", path="members")
    return {
        "create": lambda: people_changes.create({"userName": "anna@example.com"}, actor, now),
        "create inactive": lambda: people_changes.create({"userName": "anna@example.com", "active": False}, actor, now),
        "replace": lambda: people_changes.replace(one, {"userName": one.username, "displayName": "X"}, actor, now),
        "rename": lambda: people_changes.patch(one, operation(op="replace", path="userName", value="x@example.com"), actor, now),
        "external id": lambda: people_changes.patch(one, operation(op="replace", path="externalId", value="e"), actor, now),
        "deactivate": lambda: people_changes.patch(one, operation(op="replace", path="active", value=False), actor, now),
        "activate": lambda: people_changes.patch(inactive, operation(op="replace", path="active", value=True), actor, now),
        "delete": lambda: people_changes.delete(one, actor, now),
        "create group": lambda: group_changes.create({"displayName": "R&D", "members": [{"value": f"user-{one.pk}"}]}, actor, now),
        "replace group": lambda: group_changes.replace(group, {"displayName": "Engineering"}, actor, now),
        "rename group": lambda: group_changes.patch(group, operation(op="replace", path="displayName", value="R&D"), actor, now),
        "group's external id": lambda: group_changes.patch(group, operation(op="replace", path="externalId", value="e"), actor, now),
        "add members": lambda: group_changes.patch(group, joining, actor, now),
        "remove members": lambda: group_changes.patch(group, leaving, actor, now),
        "delete group": lambda: group_changes.delete(group, actor, now),
    }


EVERY_JOB = 15


def token_revoked(actor: Actor) -> None:
    Token.objects.filter(user=actor.user).update(revoked_at=timezone.now())


def token_expired(actor: Actor) -> None:
    Token.objects.filter(user=actor.user).update(expires_at=timezone.now())


def account_deactivated(actor: Actor) -> None:
    User.objects.filter(pk=actor.user.pk).update(is_active=False)


def permission_taken(actor: Actor) -> None:
    User.objects.filter(pk=actor.user.pk).update(may_provision=False)


def state() -> tuple[Any, ...]:
    tables = (User.objects.order_by("pk"), Group.objects.order_by("pk"), Membership.objects.order_by("pk"), ScimUser.objects.order_by("pk"))
    return (*(list(rows.values()) for rows in tables), Entry.objects.count())


@pytest.mark.django_db
@pytest.mark.parametrize("end", [token_revoked, token_expired, account_deactivated, permission_taken])
def test_ended_directory_writes_nothing(end: Callable[[Actor], None]) -> None:
    actor = directory()
    every = jobs(actor)
    assert len(every) == EVERY_JOB
    end(actor)
    before = state()
    for name, job in every.items():
        with pytest.raises(PermissionDenied):
            job()
        assert state() == before, name


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["create", "rename", "deactivate", "add members"])
def test_write_and_revocation_come_one_after_the_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = directory()
    job, token = jobs(actor)[name], Token.objects.get(user=actor.user)
    start = Entry.objects.count()
    widen(monkeypatch, access, "lock", 0.02)
    written, ended = race(job, lambda: services.revoke(token, None, timezone.now()))
    assert not isinstance(ended, Exception)
    trail = list(Entry.objects.order_by("pk")[start:].values_list("actor", "event"))
    assert isinstance(written, PermissionDenied) or not isinstance(written, Exception), written
    assert not any(who == actor.user.pk for who, _ in trail[trail.index((None, "token.revoked")) + 1 :])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
def test_no_token_issued_meanwhile_outlives_a_deactivation(attempt: int) -> None:
    actor, person = directory(), UserFactory()
    change = operation(op="replace", value={"active": False})
    results = race(
        lambda: people_changes.patch(person, change, actor, timezone.now()),
        *[lambda: services.issue(person, "late", None, None, timezone.now())] * 3,
    )
    issued = [result[1] for result in results[1:] if not isinstance(result, Exception)]
    assert not isinstance(results[0], Exception)
    assert all(isinstance(verify(text, timezone.now()), Rejected) for text in issued)
    assert not Token.objects.filter(user=person, revoked_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_directories_that_change_groups_at_once_do_not_wait_for_each_other_for_ever() -> None:
    now, people = timezone.now(), UserFactory.create_batch(4, password="!")
    made = [groups.create(name, "", None, now, source=Group.Source.SCIM) for name in ("A", "B")]
    values = [{"value": f"user-{person.pk}"} for person in people]

    def sync(actor: Actor, group: Group, order: list[dict[str, str]]) -> None:
        for op in ("add", "remove", "replace"):
            group_changes.patch(group, operation(op=op, path="members", value=order), actor, now)

    actors = [directory() for _ in range(4)]
    jobs = [lambda n=n, actor=actor: sync(actor, made[n % 2], values[:: 1 - 2 * (n % 2)]) for n, actor in enumerate(actors)]
    assert race(*jobs) == [None] * 4
    assert Membership.objects.count() == 8


@pytest.mark.django_db(transaction=True)
def test_people_who_are_created_and_changed_at_once_do_not_wait_for_each_other_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both lock the directory's own row, and the administrators', which is older. The change comes while the other is half done."""
    AdministratorFactory()
    actor, person, now, half_done = directory(), UserFactory(), timezone.now(), Event()
    manage = roles.manage

    def slow(*args: Any, **options: Any) -> User:
        half_done.set()
        sleep(0.3)
        return manage(*args, **options)

    monkeypatch.setattr(roles, "manage", slow)

    def change() -> User:
        half_done.wait(10)
        return people_changes.patch(person, operation(op="replace", path="displayName", value="X"), actor, now)

    results = race(lambda: people_changes.create({"userName": "anna@example.com"}, actor, now), change)
    assert [type(result) for result in results] == [User, User]
