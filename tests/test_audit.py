"""The audit trail: every verb leaves its row with who did it and what changed, and no secret gets into one."""

from typing import Any

import pytest
from django.db.models import Model

from portal.audit.history import about
from portal.audit.models import Entry
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.faults import services as faults
from portal.users import administrators
from portal.users import services as users
from settings_app import services as config
from tests.clock import DAY, NOW, TODAY
from tests.factories import PASSWORD, AdministratorFactory, FaultFactory, UserFactory, issue
from tokens import services

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return Actor(AdministratorFactory())


def rows(target: Model) -> list[tuple[str, str, dict[str, Any]]]:
    """(slug, username of the actor, changes) of each row about `target`, oldest first."""
    entries = about(target).order_by("pk").select_related("actor")
    return [(entry.event, str(entry.actor), entry.changes) for entry in entries]


@pytest.mark.usefixtures("in_utc")
def test_issuing_and_revoking_a_token_say_for_whom_until_when_and_since_when(actor: Actor) -> None:
    owner = UserFactory()
    token, _ = issue(owner, "deploy", NOW, actor=actor, expires=TODAY + DAY)
    services.revoke(token, actor, NOW)
    services.revoke(token, actor, NOW)
    assert rows(token) == [
        (
            "token.created",
            actor.user.username,
            {"user": ["", owner.username], "expires_on": ["", "2026-11-22"], "expires_at": ["", "2026-11-23T00:00:00+00:00"]},
        ),
        ("token.revoked", actor.user.username, {"revoked_at": ["", "2026-11-21T09:30:00+00:00"]}),
    ]


def test_a_token_that_was_refused_leaves_no_row(actor: Actor) -> None:
    with pytest.raises(ServiceError):
        issue(name="", actor=actor)
    assert not Entry.objects.exists()


def test_the_verbs_of_users_leave_a_row_each(actor: Actor) -> None:
    user = users.create("new@example.com", "", "operator", actor)
    users.update(user, "New Name", "user", actor)
    users.deactivate(user, actor)
    users.activate(user, actor)
    users.delete(user, actor)
    assert rows(user) == [
        ("user.created", actor.user.username, {"role": ["", "operator"], "kind": ["", "person"]}),
        ("user.role_changed", actor.user.username, {"display_name": ["", "New Name"], "role": ["operator", "user"]}),
        ("user.deactivated", actor.user.username, {"is_active": ["True", "False"]}),
        ("user.activated", actor.user.username, {"is_active": ["False", "True"]}),
        ("user.deleted", actor.user.username, {"is_active": ["True", "False"]}),
    ]


@pytest.mark.usefixtures("running_clock")
def test_deactivating_says_of_each_token_that_it_ended(actor: Actor) -> None:
    token, _ = issue()
    users.deactivate(token.user, actor)
    assert [(action, who) for action, who, _ in rows(token)] == [("token.created", "None"), ("token.revoked", actor.user.username)]


def test_the_verbs_of_config_leave_a_row_each(actor: Actor) -> None:
    stored = config.add("session_minutes", "60", actor)
    config.update(stored, "90", actor)
    assert rows(stored) == [
        ("setting.created", actor.user.username, {"value": ["", "60"]}),
        ("setting.changed", actor.user.username, {"value": ["60", "90"]}),
    ]
    config.delete(stored, actor)
    last = Entry.objects.latest("pk")
    assert (last.event, last.actor, last.target_name, last.changes) == (
        "setting.deleted",
        actor.user,
        "session_minutes",
        {"value": ["90", ""]},
    )


def test_what_config_refused_leaves_no_row(actor: Actor) -> None:
    config.add("session_minutes", "60", actor)
    for bad in (lambda: config.add("session_minutes", "90", actor), lambda: config.add("token_lifetime_days", "0", actor)):
        with pytest.raises(ServiceError):
            bad()
    assert Entry.objects.count() == 1


def test_acknowledging_and_clearing_a_fault_leave_a_row_each(actor: Actor) -> None:
    fault = FaultFactory()
    faults.acknowledge(fault, actor, NOW)
    fault.refresh_from_db()
    faults.clear(fault, actor, NOW)
    assert rows(fault) == [
        ("fault.acknowledged", actor.user.username, {"state": ["Open", "Acknowledged"]}),
        ("fault.cleared", actor.user.username, {"state": ["Acknowledged", "Cleared"]}),
    ]


def test_what_the_portal_does_by_itself_has_no_actor() -> None:
    administrators.ensure_first_administrator("admin@example.com", PASSWORD)
    assert Entry.objects.get().actor is None


def test_who_did_it_can_be_read_when_the_actor_is_gone_from_every_page(actor: Actor) -> None:
    token, _ = issue(now=NOW, actor=actor)
    users.delete(actor.user, Actor(AdministratorFactory()))
    entry = about(token).get()
    assert (entry.actor, entry.actor_name) == (actor.user, actor.user.username)


def test_no_row_holds_a_token_a_digest_a_password_or_a_sessions_stamp(actor: Actor) -> None:
    token, text = issue(UserFactory(), "deploy", NOW, actor=actor)
    services.revoke(token, actor, NOW)
    administrators.ensure_first_administrator("admin@example.com", PASSWORD)
    users.deactivate(token.user, actor)
    everything = str(list(Entry.objects.values()))
    assert token.last_four in everything, "the hint is there, so this looks at what was written"
    for secret in (
        text,
        text[4:36],
        bytes(token.digest).hex(),
        str(bytes(token.digest)),
        PASSWORD,
        token.user.password,
        token.user.session_stamp,
    ):
        assert secret not in everything
