"""An actor who was demoted, deactivated or signed out between the door and the write: no service writes anything."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from portal.audit.models import Entry
from portal.core import permissions as access
from portal.core.actors import Actor, SessionCredential
from portal.core.errors import ServiceError
from portal.directory import groups, owners
from portal.faults import notes
from portal.faults import services as faults
from portal.sessions import services as user_sessions
from portal.users import renaming
from portal.users import services as users
from portal.users.models import User
from settings_app import services as config
from tests.clock import NOW
from tests.factories import AdministratorFactory, FaultFactory, GroupFactory, OwnershipFactory, TokenFactory, UserFactory, issue
from tests.pages.visitor import Visitor
from tests.racing import race, widen
from tokens import bulk, services
from tokens.calendar import links as calendar
from tokens.cli_login import device
from tokens.cli_login import flow as cli_sign_in
from tokens.credentials import TokenCredential
from tokens.models import Token

RUNS_ON = "postgres"
Job = Callable[[], Any]
QUESTION = cli_sign_in.Question(51004, "12345678", "c" * 43, "")


def jobs(actor: Actor) -> dict[str, Job]:
    """Every service that a request reaches, ready to be called by `actor`. The rows that each needs are made here."""
    one, gone, fault, token = UserFactory(), UserFactory(is_active=False), FaultFactory(), TokenFactory()
    waiting = [device.find(device.start("acme", Actor(one), NOW).user_code, NOW) for _ in range(2)]
    Visitor(one)
    team, robot = GroupFactory(), OwnershipFactory().service_account
    OwnershipFactory(service_account=robot)
    groups.add_members(team, [gone.pk], None, NOW)
    stored = config.add("session_minutes", "60", None)
    return {
        "users.create": lambda: users.create("new-service", "", "user", actor),
        "users.update": lambda: users.update(one, None, "administrator", actor),
        "users.deactivate": lambda: users.deactivate(one, actor),
        "users.activate": lambda: users.activate(gone, actor),
        "users.delete": lambda: users.delete(one, actor),
        "users.rename": lambda: renaming.rename(one, "renamed@example.com", None, actor, NOW),
        "groups.create": lambda: groups.create("Ops", "", actor, NOW),
        "groups.update": lambda: groups.update(team, "Ops", None, actor, NOW),
        "groups.delete": lambda: groups.delete(team, actor, NOW),
        "groups.add_members": lambda: groups.add_members(team, [one.pk], actor, NOW),
        "groups.remove_members": lambda: groups.remove_members(team, [gone.pk], actor, NOW),
        "groups.set_members": lambda: groups.set_members(team, [one.pk], actor, NOW),
        "owners.add": lambda: owners.add(robot, one, actor, NOW),
        "owners.remove": lambda: owners.remove(robot, robot.owners.first(), actor, NOW),
        "owners.set_owners": lambda: owners.set_owners(robot, [one.pk], [], actor, NOW),
        "owners.hand_over": lambda: owners.hand_over(team, one, actor, NOW),
        "tokens.issue": lambda: services.issue(one, "deploy", None, actor, NOW),
        "tokens.revoke": lambda: services.revoke(token, actor, NOW),
        "tokens.revoke_many": lambda: services.revoke_many([token], actor, NOW),
        "bulk.start": lambda: bulk.start(Token.objects.permanent(), actor, NOW),
        "config.add": lambda: config.add("token_lifetime_days", "30", actor),
        "config.put": lambda: config.put("session_minutes", "90", actor),
        "config.update": lambda: config.update(stored, "90", actor),
        "config.delete": lambda: config.delete(stored, actor),
        "faults.acknowledge": lambda: faults.acknowledge(fault, actor, NOW),
        "faults.undo_acknowledge": lambda: faults.undo_acknowledge(fault, actor),
        "notes.add": lambda: notes.add(fault, "seen", actor, NOW),
        "faults.clear": lambda: faults.clear(fault, actor, NOW),
        "calendar.switch_on": lambda: calendar.switch_on(actor, NOW),
        "calendar.renew": lambda: calendar.renew(actor, NOW),
        "calendar.switch_off": lambda: calendar.switch_off(actor),
        "cli_sign_in.allow": lambda: cli_sign_in.allow(QUESTION, token, actor, NOW),
        "device.approve": lambda: device.approve(waiting[0], token, actor, NOW),
        "sessions.end": lambda: user_sessions.end(one.sign_ins.get(), actor, NOW),
        "sessions.end_all": lambda: user_sessions.end_all(one, actor, NOW),
        "device.deny": lambda: device.deny(waiting[1], actor, NOW),
    }


EVERY_JOB = [
    *("users.create", "users.update", "users.deactivate", "users.activate", "users.delete"),
    "users.rename",
    *("groups.create", "groups.update", "groups.delete", "groups.add_members", "groups.remove_members", "groups.set_members"),
    *("owners.add", "owners.remove", "owners.set_owners", "owners.hand_over"),
    *("tokens.issue", "tokens.revoke", "tokens.revoke_many"),
    *("config.add", "config.put", "config.update", "config.delete"),
    *("faults.acknowledge", "faults.undo_acknowledge", "faults.clear", "notes.add"),
    *("calendar.switch_on", "calendar.renew", "calendar.switch_off", "cli_sign_in.allow"),
    *("device.approve", "device.deny"),
    *("sessions.end", "sessions.end_all"),
]
THEIR_OWN = [name for name in EVERY_JOB if name.startswith(("calendar.", "cli_sign_in.", "device."))]


def deactivated(actor: Actor) -> None:
    User.objects.filter(pk=actor.user.pk).update(is_active=False)


def demoted(actor: Actor) -> None:
    User.objects.filter(pk=actor.user.pk).update(role="user")


def signed_out(actor: Actor) -> None:
    """The credential alone ends: the row of the user stays as it was."""
    object.__setattr__(actor, "credential", SessionCredential("a session that is not there", actor.user.get_session_auth_hash()))


def token_revoked(actor: Actor) -> None:
    token, _ = issue(actor.user, "its own", NOW)
    Token.objects.filter(pk=token.pk).update(revoked_at=NOW)
    object.__setattr__(actor, "credential", TokenCredential(token.pk))


@pytest.mark.django_db
@pytest.mark.parametrize("name", EVERY_JOB)
@pytest.mark.parametrize("end", [deactivated, demoted, signed_out, token_revoked])
def test_a_service_rejects_an_actor_who_has_ended(end: Callable[[Actor], None], name: str) -> None:
    if end is demoted and name in THEIR_OWN:
        return  # everybody may, whatever the role
    actor = Actor(AdministratorFactory())
    job = jobs(actor)[name]
    end(actor)
    before = Entry.objects.count()
    with pytest.raises(PermissionDenied):
        job()
    assert Entry.objects.count() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", EVERY_JOB)
def test_a_service_and_the_end_of_its_actor_come_one_after_the_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chief, actor = Actor(AdministratorFactory()), Actor(AdministratorFactory())
    job = jobs(actor)[name]
    start = Entry.objects.count()
    widen(monkeypatch, access, "lock", 0.02)
    written, ended = race(job, lambda: users.deactivate(User.objects.get(pk=actor.user.pk), chief))
    assert ended is None
    trail = list(Entry.objects.order_by("pk")[start:].values_list("actor", "target_id"))
    end = trail.index((chief.user.pk, str(actor.user.pk)))
    if isinstance(written, Exception):
        assert isinstance(written, PermissionDenied)
    assert not any(who == actor.user.pk for who, _ in trail[end + 1 :])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
@pytest.mark.parametrize("ending", ["demote", "deactivate"])
def test_an_administrator_cannot_undo_being_ended(ending: str, attempt: int) -> None:
    chief, attacker = Actor(AdministratorFactory()), Actor(AdministratorFactory())

    def flood() -> None:
        for _ in range(8):
            with suppress(PermissionDenied, ServiceError):
                users.update(attacker.user, None, "administrator", attacker)
            with suppress(PermissionDenied, ServiceError):
                users.activate(attacker.user, attacker)

    def finish() -> None:
        row = User.objects.get(pk=attacker.user.pk)
        users.update(row, None, "user", chief) if ending == "demote" else users.deactivate(row, chief)

    results = race(*[flood] * 6, finish)
    assert results == [None] * 7
    row = User.objects.get(pk=attacker.user.pk)
    assert not (row.is_active and row.role == "administrator")


@pytest.mark.django_db
def test_nobody_reactivates_themselves() -> None:
    user = AdministratorFactory(is_active=False)
    with pytest.raises(ServiceError, match="reactivate yourself"):
        users.activate(user, Actor(user))


@pytest.mark.django_db
@pytest.mark.parametrize("end", [deactivated, demoted])
@pytest.mark.parametrize("through_another", [False, True])
def test_a_colleagues_token_does_not_outlive_its_creators_role(end: Callable[[Actor], None], through_another: bool) -> None:
    attacker, colleague = Actor(AdministratorFactory()), AdministratorFactory()
    token, _ = issue(colleague, "a favour", now=timezone.now(), actor=attacker)
    if through_another:
        token, _ = issue(colleague, "another", now=timezone.now(), actor=Actor(colleague, TokenCredential(token.pk)))
    kept = Actor(colleague, TokenCredential(token.pk))
    users.update(UserFactory(), "New Name", None, kept)
    end(attacker)
    with pytest.raises(PermissionDenied):
        users.update(attacker.user, None, "administrator", kept)
    with pytest.raises(PermissionDenied):
        users.create("accomplice@example.com", "", "administrator", kept)


@pytest.mark.django_db
def test_a_plain_users_token_goes_on_when_its_creator_leaves() -> None:
    chief, person = Actor(AdministratorFactory()), UserFactory()
    token, _ = issue(person, "pipeline", now=timezone.now(), actor=chief)
    deactivated(chief)
    assert services.revoke(token, Actor(person, TokenCredential(token.pk)), timezone.now())
