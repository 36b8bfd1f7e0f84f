"""Deactivating, activating, deleting and changing users, and the administrators that the portal cannot lose."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from portal.audit.models import Entry
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.users import services
from portal.users.models import User
from tests.factories import AdministratorFactory, ServiceFactory, UserFactory, issue
from tokens import services as tokens
from tokens.models import Token

RUNS_ON = "sqlite"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]

Verb = Callable[[User, User], object]


def demote(user: User, actor: Actor | None) -> None:
    services.update(user, user.display_name, User.Role.OPERATOR, actor)


def stored(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_update_changes_name_and_role() -> None:
    user = UserFactory()
    services.update(user, "New Name", "operator", Actor(AdministratorFactory()))
    assert (stored(user).display_name, stored(user).role) == ("New Name", "operator")


def test_a_service_account_is_given_no_other_role() -> None:
    user = ServiceFactory()
    with pytest.raises(ServiceError, match=r"^A service account always has the role User\.$") as error:
        services.update(user, "", "operator", Actor(AdministratorFactory()))
    assert error.value.field == "role"
    assert stored(user).role == "user"


def test_deactivating_ends_every_token_and_every_session() -> None:
    user = UserFactory()
    stamp = user.session_stamp
    issue(user)
    services.deactivate(user, Actor(AdministratorFactory()))
    assert not stored(user).is_active
    assert stored(user).session_stamp != stamp
    assert not Token.objects.filter(revoked_at=None).exists()
    assert user.is_active is False


def test_activating_lets_the_user_in_again_and_brings_no_token_back() -> None:
    user, actor = UserFactory(), AdministratorFactory()
    issue(user)
    services.deactivate(user, Actor(actor))
    services.activate(user, Actor(actor))
    assert stored(user).is_active
    assert not Token.objects.filter(revoked_at=None).exists()
    assert issue(user)


def test_deleting_keeps_the_row_its_tokens_and_the_audit_trail() -> None:
    user, actor = UserFactory(), AdministratorFactory()
    token, _ = issue(user)
    services.delete(user, Actor(actor))
    assert stored(user).deleted_at is not None
    assert not stored(user).is_active
    assert Token.objects.get(pk=token.pk).revoked_by == actor
    assert Entry.objects.filter(target_id=str(token.pk)).count() == 2
    assert user not in User.objects.existing()


def test_a_user_whom_tokens_name_cannot_be_deleted_from_the_database() -> None:
    token, _ = issue()
    with pytest.raises(IntegrityError), transaction.atomic():
        token.user.delete()


@pytest.mark.parametrize(
    ("verb", "word"),
    [
        (services.deactivate, "has already been deactivated"),
        (services.delete, "has already been deleted"),
        (services.activate, "is already active"),
    ],
)
def test_what_was_done_before_is_said_and_not_done_again(verb: Verb, word: str) -> None:
    user, actor = UserFactory(), AdministratorFactory()
    if verb is not services.activate:
        verb(user, Actor(actor))
    before = User.objects.values().get(pk=user.pk)
    with pytest.raises(ServiceError, match=f"^{user.username} {word}\\.$"):
        verb(user, Actor(actor))
    assert User.objects.values().get(pk=user.pk) == before


def test_a_deactivated_user_can_be_deleted() -> None:
    user, actor = UserFactory(), AdministratorFactory()
    services.deactivate(user, Actor(actor))
    services.delete(user, Actor(actor))
    assert stored(user).deleted_at is not None


def test_a_deleted_user_is_not_activated() -> None:
    user, actor = UserFactory(), AdministratorFactory()
    services.delete(user, Actor(actor))
    with pytest.raises(ServiceError):
        services.activate(user, Actor(actor))
    assert not stored(user).is_active


@pytest.mark.parametrize("verb", [demote, services.deactivate, services.delete])
def test_the_last_active_administrator_stays_one(verb: Verb) -> None:
    last = AdministratorFactory()
    AdministratorFactory(is_active=False)
    AdministratorFactory(is_active=False, deleted_at=last.created_at)
    issue(last)
    with pytest.raises(ServiceError, match=f"^{services.LAST_ADMINISTRATOR}$"):
        verb(last, None)
    assert stored(last).is_active
    assert stored(last).role == "administrator"
    assert Token.objects.get().revoked_at is None


@pytest.mark.parametrize("verb", [demote, services.deactivate, services.delete])
def test_one_of_two_administrators_can_go(verb: Verb) -> None:
    one, other = AdministratorFactory(), AdministratorFactory()
    verb(one, Actor(other))
    assert list(User.objects.administrators()) == [other]


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        (demote, "You can't remove your own Administrator role."),
        (services.deactivate, "You can't deactivate yourself."),
        (services.delete, "You can't delete yourself."),
    ],
)
def test_nobody_does_it_to_oneself(verb: Verb, message: str) -> None:
    user, _ = AdministratorFactory(), AdministratorFactory()
    with pytest.raises(ServiceError) as error:
        verb(user, Actor(User.objects.get(pk=user.pk)))
    assert str(error.value) == message
    assert user in User.objects.administrators()


def test_an_administrator_can_change_ones_own_display_name() -> None:
    user = AdministratorFactory()
    services.update(user, "New Name", "administrator", Actor(user))
    assert stored(user).display_name == "New Name"


def test_a_failure_on_the_way_leaves_the_user_as_active_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    user = UserFactory()
    issue(user)
    monkeypatch.setattr(tokens.audit, "record", lambda *args, **changes: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        services.deactivate(User.objects.get(pk=user.pk), Actor(AdministratorFactory()))
    assert stored(user).is_active
    assert Token.objects.get().revoked_at is None


@pytest.mark.parametrize(
    "row",
    [{"deleted_at": "2026-01-01T00:00:00Z", "is_active": True}, {"kind": "service", "role": "administrator"}],
)
def test_the_database_itself_refuses_a_user_that_cannot_be(row: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(**row)
