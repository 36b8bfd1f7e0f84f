"""A token that goes on creating tokens while it, or its owner, is being ended: nothing that it created outlives it."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.users import services as users
from portal.users.models import User
from tests.factories import AdministratorFactory, ServiceFactory
from tests.racing import race
from tokens import services
from tokens.credentials import TokenCredential
from tokens.models import Token

pytestmark = pytest.mark.django_db(transaction=True)


def create(parent: Token, owner: User, name: str) -> Token:
    return services.issue(owner, name, None, Actor(parent.user, TokenCredential(parent.pk)), timezone.now())[0]


@pytest.mark.parametrize("ending", ["revoke the parent", "revoke the middle", "deactivate the owner"])
def test_no_token_outlives_the_one_that_created_it(ending: str) -> None:
    attacker, accomplice = AdministratorFactory(), AdministratorFactory()
    now = timezone.now()
    root, _ = services.issue(attacker, "root", None, None, now - timedelta(minutes=1))
    middle = create(root, accomplice, "middle")
    target = ServiceFactory()

    def breed(number: int) -> None:
        for attempt in range(6):
            with suppress(PermissionDenied):
                create(middle if number % 2 else root, target, f"child-{number}-{attempt}")

    def end() -> None:
        if ending == "deactivate the owner":
            users.deactivate(User.objects.get(pk=attacker.pk), Actor(AdministratorFactory()))
        else:
            services.revoke(root if ending == "revoke the parent" else middle, None, timezone.now())

    results = race(*[lambda number=number: breed(number) for number in range(4)], end)
    assert results == [None] * 5
    dead = Token.objects.exclude(revoked_at=None)
    assert not Token.objects.filter(revoked_at=None, created_with__in=dead).exists()
    assert not (ending != "revoke the middle" and Token.objects.filter(user=target, revoked_at=None).exists())


def test_two_requests_at_once_do_not_pass_the_maximum_of_an_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    services.config.add("tokens_per_service_account", "5", None)
    owner = ServiceFactory()

    def flood(number: int) -> None:
        for attempt in range(4):
            with suppress(ServiceError):
                services.issue(owner, f"t-{number}-{attempt}", None, None, timezone.now())

    assert race(*[lambda number=number: flood(number) for number in range(4)]) == [None] * 4
    assert Token.objects.filter(user=owner).count() == 5
