"""Two things at once around a company sign-in, in real transactions."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import PermissionDenied
from pytest_django import Settings

import settings_app.services as config
from portal.core.actors import Actor, SessionCredential
from portal.env.providers import OidcProvider
from portal.sso import accounts
from portal.sso.claims import Identity
from portal.users.models import User
from tests import clock
from tests.factories import AdministratorFactory, UserFactory
from tests.pages.visitor import Visitor
from tests.racing import race
from tokens import services
from tokens.models import Token

RUNS_ON = "both"
pytestmark = pytest.mark.django_db(transaction=True)


def identity(*groups: str, email: str = "ann@example.com") -> Identity:
    return Identity("acme", "https://login.example.com", "u-1", email, "Ann", groups)


def signed_in(*groups: str) -> Actor:
    """Ann, by a session that began with these groups."""
    user, _ = accounts.user_of(identity(*groups), clock.now())
    visitor = Visitor(user)
    return Actor(user, SessionCredential.of(visitor.session))


@pytest.fixture
def mapped() -> None:
    AdministratorFactory()
    config.add("roles_by_group", "Admins = administrator", None)
    config.add("company_sign_in_creates_accounts", "true", None)


@pytest.mark.usefixtures("mapped")
def test_a_role_that_was_taken_away_issues_no_token_in_another_session() -> None:
    actor, owner = signed_in("Admins"), UserFactory()
    accounts.user_of(identity(), clock.now())
    with pytest.raises(PermissionDenied):
        services.issue(owner, "late", expires=None, now=clock.now(), actor=actor)
    assert not Token.objects.filter(name="late").exists()


@pytest.mark.usefixtures("mapped")
def test_a_token_is_issued_before_the_role_is_taken_away_or_not_at_all() -> None:
    actor, owner = signed_in("Admins"), UserFactory()

    def issue() -> bool:
        try:
            return bool(services.issue(owner, "raced", expires=None, now=clock.now(), actor=actor))
        except PermissionDenied:
            return False

    issued, taken = race(issue, lambda: accounts.user_of(identity(), clock.now()))
    assert taken[0].role == "user"
    assert Token.objects.filter(name="raced").exists() == issued
    assert issue() is False


def test_two_first_sign_ins_at_once_make_one_account() -> None:
    config.add("company_sign_in_creates_accounts", "true", None)
    results: list[Any] = race(*(lambda: accounts.user_of(identity(), clock.now()) for _ in range(4)))
    assert {user.pk for user, _ in results} == {User.objects.get().pk}
    assert SocialAccount.objects.count() == 1


@pytest.mark.usefixtures("mapped")
def test_sign_ins_of_many_administrators_do_not_block_each_other() -> None:
    """All lock the administrators' rows in one order."""
    jobs = [
        lambda n=n: accounts.user_of(Identity("acme", "https://a.example", f"u-{n}", f"u{n}@example.com", "", ("Admins",)), clock.now())
        for n in range(6)
    ]
    assert all(isinstance(result, tuple) for result in race(*jobs))
    assert all(isinstance(result, tuple) for result in race(*jobs))
    assert User.objects.filter(role="administrator").count() == 7


def test_passwords_are_not_turned_off_while_the_emergency_administrator_is_deleted(settings: Settings) -> None:
    settings.SIGN_IN_PROVIDERS = {"acme": OidcProvider(id="acme", name="Acme", issuer="https://a.example", client_id="portal")}
    for _ in range(3):
        row = config.put("emergency_administrator", AdministratorFactory().username, None)
        race(lambda: config.put("local_passwords", "false", None), lambda row=row: config.delete(row, None))
        assert config.get("local_passwords") or config.get("emergency_administrator")
        config.put("local_passwords", "true", None)
