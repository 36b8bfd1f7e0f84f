"""What the permission to provision users gives a service account, and what it does not."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.users import services
from portal.users.models import User
from portal.users.provisioning import Protected
from tests.api.caller import Caller
from tests.factories import AdministratorFactory, OperatorFactory, ServiceFactory, UserFactory

RUNS_ON = "postgres"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]


def directory() -> Actor:
    return Actor(ServiceFactory(may_provision=True))


def test_directory_creates_changes_and_ends_people() -> None:
    actor = directory()
    user = services.create("anna@example.com", "Anna", "user", actor)
    assert services.update(user, "Anna Smith", None, actor).display_name == "Anna Smith"
    services.deactivate(user, actor)
    services.activate(user, actor)
    services.delete(user, actor)
    assert User.objects.get(pk=user.pk).deleted_at


def test_directory_gives_no_role_and_no_permission() -> None:
    actor, user, service = directory(), UserFactory(), ServiceFactory()
    changes: list[Callable[[], Any]] = [
        lambda: services.update(user, None, "administrator", actor),
        lambda: services.update(user, None, "user", actor),
        lambda: services.update(service, None, None, actor, may_introspect=True),
        lambda: services.update(service, None, None, actor, may_provision=True),
        lambda: services.update(User.objects.get(pk=actor.user.pk), None, None, actor, may_introspect=True),
    ]
    for change in changes:
        with pytest.raises(PermissionDenied):
            change()
    with pytest.raises(Protected):
        services.create("boss@example.com", "", "administrator", actor)


def test_directory_cannot_reach_service_accounts() -> None:
    actor, service = directory(), ServiceFactory()
    for change in (services.deactivate, services.delete, services.activate):
        with pytest.raises(Protected):
            change(service, actor)
    with pytest.raises(Protected):
        services.update(service, "Robot", None, actor)
    with pytest.raises(Protected):
        services.create("robot", "", "user", actor)


def test_directory_keeps_an_administrator() -> None:
    last = AdministratorFactory()
    for end in (services.deactivate, services.delete):
        with pytest.raises(services.LastAdministrator):
            end(last, directory())


@pytest.mark.parametrize("make", [UserFactory, OperatorFactory, ServiceFactory])
def test_without_the_permission_nobody_provisions(make: Any) -> None:
    with pytest.raises(PermissionDenied):
        services.create("anna@example.com", "", "user", Actor(make()))


def test_permission_opens_nothing_of_the_api() -> None:
    caller = Caller(ServiceFactory(may_provision=True))
    other = UserFactory()
    assert caller.call("GET", "/users").status_code == 403
    assert caller.call("GET", f"/users/{other.username}").status_code == 404
    assert caller.call("POST", "/users", {"username": "x@example.com"}).status_code == 403
    assert caller.call("DELETE", f"/users/{other.username}").status_code == 403
    assert caller.call("GET", "/tokens").json()["items"][0]["user"] == caller.user.username
    assert len(caller.call("GET", "/tokens").json()["items"]) == 1


def test_only_an_administrator_gives_the_permission_and_to_service_accounts_only() -> None:
    service, person = ServiceFactory(), UserFactory()
    caller = Caller("administrator")
    answer = caller.call("PATCH", f"/users/{service.username}", {"may_provision": True})
    assert answer.json()["may_provision"] is True
    assert caller.call("PATCH", f"/users/{person.username}", {"may_provision": True}).status_code == 422
    with pytest.raises(PermissionDenied):
        services.update(service, None, None, Actor(OperatorFactory()), may_provision=True)
    with pytest.raises(IntegrityError):
        User.objects.filter(pk=person.pk).update(may_provision=True)


def test_person_can_have_a_name_that_is_no_email_address() -> None:
    user = services.create("anna.smith", "", "user", directory(), kind="person", email="anna@example.com", invite=False)
    assert (user.kind, user.email) == ("person", "anna@example.com")


def test_deleted_service_account_comes_back_without_the_permission() -> None:
    service = ServiceFactory(may_provision=True)
    services.delete(service, None)
    assert not services.create(service.username, "", "user", None).may_provision


def test_names_are_told_apart_in_no_case_of_letters() -> None:
    services.create("anna@example.com", "", "user", None)
    with pytest.raises(ServiceError):
        services.create("Anna@Example.com", "", "user", None)
