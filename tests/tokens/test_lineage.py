"""Tokens that create tokens: a child ends no later than its parent, and with it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from portal.audit.models import Entry
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.faults.models import Fault
from portal.users import services as users
from portal.users.models import User
from settings_app import services as config
from tests.clock import DAY, NOW, TODAY
from tests.factories import AdministratorFactory, FaultFactory, ServiceFactory, UserFactory, issue
from tokens import dates, services
from tokens.credentials import TokenCredential
from tokens.expiry import faults as expiry_faults
from tokens.models import Token

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_now() -> Iterator[None]:
    """A token that acts must be valid by the real clock."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def administrator() -> User:
    return AdministratorFactory()


def child_of(parent: Token, name: str = "child", owner: User | None = None, **values: object) -> Token:
    """A token that is created with `parent`, as the API does."""
    actor = Actor(parent.user, TokenCredential(parent.pk))
    return issue(owner or parent.user, name, NOW, actor=actor, **values)[0]


def test_a_token_knows_the_permanent_token_that_created_it(administrator: User) -> None:
    parent, _ = issue(administrator, "parent", NOW)
    child = child_of(parent)
    assert Token.objects.get(pk=child.pk).created_with == parent
    assert child.created_by == administrator


def test_a_child_ends_no_later_than_its_parent(administrator: User) -> None:
    parent, _ = issue(administrator, "parent", NOW, expires=TODAY + 10 * DAY)
    assert child_of(parent, "blank").expires_at == parent.expires_at
    assert child_of(parent, "same day", expires=TODAY + 10 * DAY).expires_at == parent.expires_at
    assert child_of(parent, "earlier", expires=TODAY + 9 * DAY).expires_at == dates.end_of(TODAY + 9 * DAY)
    with pytest.raises(ServiceError, match="on or before 2026-12-01, when parent expires"):
        child_of(parent, "later", expires=TODAY + 11 * DAY)


def test_a_child_of_a_token_that_ends_to_the_minute_ends_with_it_on_the_same_day(administrator: User) -> None:
    parent, _ = issue(administrator, "parent", NOW)
    last = dates.day_of(parent.last_moment)
    assert child_of(parent, expires=last).expires_at == parent.expires_at


def test_revoking_a_token_revokes_what_was_created_with_it_at_every_depth(administrator: User) -> None:
    parent, _ = issue(administrator, "parent", NOW)
    child = child_of(parent, owner=AdministratorFactory())
    grandchild = child_of(child, "grandchild", owner=ServiceFactory())
    unrelated, _ = issue(administrator, "unrelated", NOW)
    assert services.revoke(parent, None, NOW)
    assert set(Token.objects.filter(revoked_at=NOW)) == {parent, child, grandchild}
    assert Token.objects.get(pk=unrelated.pk).revoked_at is None


def test_revoking_a_child_leaves_its_parent(administrator: User) -> None:
    parent, _ = issue(administrator, "parent", NOW)
    services.revoke(child_of(parent), None, NOW)
    assert Token.objects.get(pk=parent.pk).revoked_at is None


def test_deactivating_the_owner_of_a_token_ends_what_it_created_for_others(administrator: User) -> None:
    parent, _ = issue(administrator, "parent", NOW)
    child = child_of(parent, owner=ServiceFactory())
    users.deactivate(administrator, Actor(AdministratorFactory()))
    assert Token.objects.get(pk=child.pk).revoked_at is not None


def test_many_tokens_end_with_their_children_in_several_statements(administrator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "BATCH", 2)
    parents = [issue(administrator, f"parent {number}", NOW)[0] for number in range(5)]
    children = [child_of(parent, f"child of {parent.name}", ServiceFactory()) for parent in parents]
    faults = [FaultFactory(source=expiry_faults.SOURCE, key=token.pk.hex) for token in parents + children]
    users.deactivate(administrator, Actor(AdministratorFactory()))
    assert not Token.objects.filter(revoked_at=None).exists()
    assert not Fault.objects.filter(pk__in=[fault.pk for fault in faults], cleared_at=None).exists()
    ended = Entry.objects.filter(event="token.revoked").values_list("target_id", flat=True)
    assert sorted(ended) == sorted(str(token.pk) for token in parents + children)


def test_a_revoked_token_creates_nothing(administrator: User) -> None:
    parent, _ = issue(administrator, "parent", NOW)
    services.revoke(parent, None, NOW)
    with pytest.raises(services.access.PermissionDenied):
        child_of(parent)


@pytest.mark.parametrize(("factory", "key"), [(UserFactory, "tokens_per_person"), (ServiceFactory, "tokens_per_service_account")])
def test_an_owner_has_as_many_active_tokens_as_config_allows(factory: type, key: str) -> None:
    config.add(key, "3", None)
    owner = factory()
    made = [issue(owner, f"t{number}", NOW)[0] for number in range(3)]
    with pytest.raises(ServiceError, match="already has 3 active tokens"):
        issue(owner, "t3", NOW)
    services.revoke(made[0], None, NOW)
    assert issue(owner, "t3", NOW)
    assert issue(owner, "next year", NOW + timedelta(days=400))
