"""Administrators who act on each other at the same moment: one always stays."""

import pytest
from django.core.exceptions import PermissionDenied

from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.users import services
from portal.users.models import User
from tests.factories import AdministratorFactory, UserFactory
from tests.racing import race, widen

pytestmark = pytest.mark.django_db(transaction=True)


def demote(user: User, actor: Actor) -> None:
    services.update(user, user.display_name, User.Role.USER, actor)


@pytest.mark.parametrize("verb", [demote, services.deactivate, services.delete])
def test_of_two_administrators_who_end_each_other_one_stays(verb: object, monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, services.audit, "record")
    one, other = AdministratorFactory(), AdministratorFactory()
    results = race(lambda: verb(one, Actor(other)), lambda: verb(other, Actor(one)))
    assert sum(isinstance(result, PermissionDenied) for result in results) == 1
    assert User.objects.administrators().count() == 1


def test_of_three_administrators_who_demote_the_next_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, services.audit, "record")
    people = [AdministratorFactory() for _ in range(3)]
    race(*(lambda user=user, actor=actor: demote(user, Actor(actor)) for user, actor in zip(people, people[1:] + people[:1], strict=True)))
    assert User.objects.administrators().count() == 1


def test_the_rules_go_by_the_row_as_it_is_and_not_as_it_was_read() -> None:
    late = UserFactory()
    stale = User.objects.get(pk=late.pk)
    User.objects.filter(pk=late.pk).update(role=User.Role.ADMINISTRATOR)
    with pytest.raises(ServiceError, match="last active administrator"):
        services.update(stale, "", User.Role.USER, None)
    assert User.objects.administrators().get() == late


def test_a_change_of_the_name_alone_does_not_bring_an_old_role_back() -> None:
    actor, late = AdministratorFactory(), AdministratorFactory()
    stale = User.objects.get(pk=late.pk)
    services.update(late, None, User.Role.USER, Actor(actor))
    services.update(stale, "New Name", None, Actor(actor))
    late.refresh_from_db()
    assert (late.display_name, late.role) == ("New Name", "user")


def test_of_two_who_create_the_same_user_one_succeeds_and_the_other_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, User, "set_unusable_password")
    results = race(*[lambda: services.create("new@example.com", "", "user", None)] * 2)
    assert sorted(type(result).__name__ for result in results) == ["ServiceError", "User"]
    assert User.objects.count() == 1


def test_names_that_differ_in_capital_letters_alone_are_the_same_name_in_a_race_too(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, User, "set_unusable_password")
    results = race(*(lambda name=name: services.create(name, "", "user", None) for name in ("new@example.com", "NEW@example.com")))
    assert sorted(type(result).__name__ for result in results) == ["ServiceError", "User"]
    assert User.objects.count() == 1
