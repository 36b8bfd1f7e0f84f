"""Rows for tests. What has a verb is made by the verb: `issue` and `sign_in` go through the services that the pages use."""

from datetime import datetime
from typing import Any

import factory

from portal.core.actors import Actor
from portal.directory.models import Group, Ownership
from portal.faults.models import Fault
from portal.sessions.models import SignIn
from portal.users.models import User
from tests import clock
from tests.clock import DAY
from tokens import services, token_format
from tokens.models import Token

PASSWORD = "correct-horse-battery"


class UserFactory(factory.django.DjangoModelFactory):
    """A person with the password PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}@example.com")
    email = factory.LazyAttribute(lambda user: user.username)
    display_name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.django.Password(PASSWORD)
    created_at = factory.LazyFunction(clock.now)


class OperatorFactory(UserFactory):
    username = factory.Sequence(lambda n: f"operator{n}@example.com")
    role = User.Role.OPERATOR


class AdministratorFactory(UserFactory):
    username = factory.Sequence(lambda n: f"administrator{n}@example.com")
    role = User.Role.ADMINISTRATOR


class ServiceFactory(UserFactory):
    """A service account."""

    username = factory.Sequence(lambda n: f"service-{n}")
    email = ""
    kind = User.Kind.SERVICE
    password = "!"


class TokenFactory(factory.django.DjangoModelFactory):
    """A stored permanent token whose text nobody knows; for a text, use `issue`."""

    class Meta:
        model = Token

    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"token-{n}")
    created_at = factory.LazyFunction(lambda: clock.now() - DAY)
    expires_at = factory.LazyFunction(lambda: clock.now() + 100 * DAY)

    @classmethod
    def _create(cls, model_class: type[Token], *args: Any, **values: Any) -> Token:
        text = token_format.generate()
        values = {"digest": token_format.digest(text), "last_four": token_format.hint(text), **values}
        return super()._create(model_class, *args, **values)


class FaultFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Fault

    source = "test"
    key = factory.Sequence(str)
    name = "Something is wrong"
    resource = factory.Sequence(lambda n: f"resource-{n}")
    description = "It should be looked at."
    raised_at = factory.LazyFunction(clock.now)


class SignInFactory(factory.django.DjangoModelFactory):
    """The row of a session that is not there any more."""

    class Meta:
        model = SignIn

    user = factory.SubFactory(UserFactory)
    session_key = factory.Sequence(lambda n: f"{n:040}")
    device = "Firefox on Windows"
    address = "192.0.2.7"
    method = "Password"
    signed_in_at = factory.LazyFunction(clock.now)
    last_seen_at = factory.SelfAttribute("signed_in_at")


def issue(
    owner: User | None = None, name: str = "deploy", now: datetime | None = None, actor: User | Actor | None = None, **values: Any
) -> tuple[Token, str]:
    """A permanent token by `services.issue`: the token and its text. `actor`: a user, or None for the command line."""
    values = {"expires": None, **values, "actor": actor and (actor if isinstance(actor, Actor) else Actor(actor))}
    return services.issue(owner or UserFactory(), name, now=now or clock.now(), **values)


class GroupFactory(factory.django.DjangoModelFactory):
    """A group that is made by hand."""

    class Meta:
        model = Group

    name = factory.Sequence(lambda n: f"Group {n}")
    created_at = factory.LazyFunction(clock.now)


class OwnershipFactory(factory.django.DjangoModelFactory):
    """A person who owns a service account."""

    class Meta:
        model = Ownership

    service_account = factory.SubFactory(ServiceFactory)
    user = factory.SubFactory(UserFactory)
