"""Who owns service accounts, the fault while nobody does, and who is notified of their tokens."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

import settings_app.services as config
from portal.audit.models import Entry
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.directory import groups, owner_faults, owners
from portal.directory.models import Group, Ownership
from portal.faults.models import Fault
from portal.users import services as users
from portal.users.models import User
from tests.clock import NOW
from tests.factories import AdministratorFactory, GroupFactory, ServiceFactory, UserFactory, issue
from tests.pages.visitor import Visitor, address
from tests.racing import race
from tests.tokens.scans import configure, deliver, ending, scan, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def robot() -> User:
    return ServiceFactory(username="robot")


def own(account: User, people: Any = (), groups: Any = ()) -> None:
    owners.set_owners(account, [user.pk for user in people], [group.pk for group in groups], None, NOW)


def group_of(*members: User) -> Group:
    group = GroupFactory()
    groups.add_members(group, [user.pk for user in members], None, NOW)
    return group


def faulty() -> set[str]:
    return set(Fault.objects.open().filter(source=owner_faults.SOURCE).values_list("resource", flat=True))


def names(account: User) -> set[str]:
    return {str(row.owner) for row in Ownership.objects.filter(service_account=account)}


def test_people_and_groups_own_a_service_account(robot: User) -> None:
    person, group = UserFactory(username="a@example.com"), GroupFactory(name="Ops")
    own(robot, [person], [group])
    assert names(robot) == {"a@example.com", "Ops"}
    own(robot, [person])
    assert names(robot) == {"a@example.com"}
    assert [entry.changes["owners"] for entry in Entry.objects.filter(target_id=str(robot.pk)).order_by("pk")] == [
        ["", "Ops, a@example.com"],
        ["Ops, a@example.com", "a@example.com"],
    ]


def test_who_cannot_own_is_rejected(robot: User) -> None:
    person = UserFactory()
    for account, chosen, said in (
        (UserFactory(username="p@example.com"), [person], "p@example.com is a person. Only service accounts have owners."),
        (robot, [ServiceFactory(username="other")], "other is not an active person, and can't own a service account."),
        (
            robot,
            [UserFactory(username="i@example.com", is_active=False)],
            "i@example.com is not an active person, and can't own a service account.",
        ),
        (robot, UserFactory.create_batch(21), "21 owners are too many: at most 20. Use a group."),
    ):
        with pytest.raises(ServiceError) as error:
            own(account, chosen)
        assert str(error.value) == said
    own(robot, [person])
    with pytest.raises(ServiceError, match="needs at least one owner"):
        own(robot)


def test_the_database_takes_one_owner_in_a_row_once(robot: User) -> None:
    person, group = UserFactory(), GroupFactory()
    Ownership.objects.create(service_account=robot, user=person)
    for values in ({"user": person}, {"user": robot}, {"user": UserFactory(), "group": group}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Ownership.objects.create(service_account=robot, **values)


@pytest.mark.parametrize("verb", ["deactivate", "delete"])
def test_the_end_of_the_last_owner_is_a_fault_until_there_is_another(verb: str, robot: User) -> None:
    first, second = UserFactory.create_batch(2)
    own(robot, [first], [group_of(second)])
    getattr(users, verb)(first, None)
    assert faulty() == set()
    getattr(users, verb)(second, None)
    assert faulty() == {"robot"}
    owner_faults.check(NOW)
    assert faulty() == {"robot"}
    own(robot, [UserFactory()])
    assert faulty() == set()


def test_an_owner_who_is_reactivated_ends_the_fault(robot: User) -> None:
    person = UserFactory()
    own(robot, [person])
    users.deactivate(person, None)
    assert faulty() == {"robot"}
    users.activate(person, None)
    assert faulty() == set()


def test_a_group_without_members_and_a_deleted_group_own_nothing(robot: User) -> None:
    person = UserFactory()
    group = group_of(person)
    own(robot, [], [group])
    groups.remove_members(group, [person.pk], None, NOW)
    assert faulty() == {"robot"}
    groups.add_members(group, [person.pk], None, NOW)
    assert faulty() == set()
    groups.delete(group, None, NOW)
    assert faulty() == {"robot"}
    owner_faults.check(NOW)
    assert faulty() == {"robot"}


def test_a_service_account_that_is_gone_needs_no_owner(robot: User) -> None:
    person = UserFactory()
    own(robot, [person])
    users.deactivate(person, None)
    users.deactivate(robot, None)
    assert faulty() == set()
    users.activate(robot, None)
    assert faulty() == {"robot"}
    users.delete(robot, None)
    assert faulty() == set()


def test_accounts_that_never_had_an_owner_are_one_fault_and_only_if_owners_are_required(robot: User) -> None:
    ServiceFactory.create_batch(2)
    owner_faults.check(NOW)
    assert not Fault.objects.exists()
    config.put("require_owners", "true", None)
    owner_faults.check(NOW)
    assert Fault.objects.open().get().resource == "3 service accounts"
    own(robot, [UserFactory()])
    owner_faults.check(NOW)
    assert Fault.objects.open().get().resource == "2 service accounts"
    config.put("require_owners", "false", None)
    owner_faults.check(NOW)
    assert not Fault.objects.open().exists()


def test_handing_over_reaches_what_would_be_without_an_owner(robot: User) -> None:
    leaving, new, other = UserFactory.create_batch(3)
    shared = ServiceFactory()
    own(robot, [leaving])
    own(shared, [leaving, other])
    assert list(owners.losing(leaving)) == [robot]
    assert set(owners.owned_by(leaving)) == {robot, shared}
    assert owners.hand_over(leaving, new, None, NOW) == 1
    users.delete(leaving, None)
    assert names(robot) == {new.username}
    assert faulty() == set()


def test_a_group_is_handed_over_too(robot: User) -> None:
    group, new = group_of(UserFactory()), group_of(UserFactory())
    own(robot, [], [group])
    assert owners.hand_over(group, new, None, NOW) == 1
    groups.delete(group, None, NOW)
    assert names(robot) == {str(new)}


def test_nothing_is_handed_over_to_who_leaves(robot: User) -> None:
    leaving = UserFactory()
    own(robot, [leaving])
    for to in (leaving, UserFactory(is_active=False), robot):
        with pytest.raises(ServiceError):
            owners.hand_over(leaving, to, None, NOW)


def test_nothing_is_handed_over_to_a_group_that_reaches_nobody(robot: User) -> None:
    """An administrator would believe that somebody looks after the account: a group of the leaving person alone, or one just deleted."""
    leaving, deleted = UserFactory(), group_of(UserFactory())
    own(robot, [leaving])
    Group.objects.filter(pk=deleted.pk).delete()
    for to in (GroupFactory(), group_of(UserFactory(is_active=False)), group_of(leaving), deleted):
        with pytest.raises(ServiceError, match="has no other active member"):
            owners.hand_over(leaving, to, None, NOW)
    assert names(robot) == {leaving.username}


@pytest.mark.django_db(transaction=True)
def test_two_last_owners_who_end_at_once_are_a_fault() -> None:
    actors, people, robot = AdministratorFactory.create_batch(2), UserFactory.create_batch(2), ServiceFactory(username="robot")
    own(robot, people)
    pairs = zip(people, actors, strict=True)
    results = race(*(lambda user=user, actor=actor: users.deactivate(user, Actor(actor)) for user, actor in pairs))
    assert results == [None, None]
    assert faulty() == {"robot"}


@pytest.mark.django_db(transaction=True)
def test_a_member_who_leaves_while_the_other_is_deactivated_is_a_fault() -> None:
    actors, people, robot = AdministratorFactory.create_batch(2), UserFactory.create_batch(2), ServiceFactory(username="robot")
    group = group_of(*people)
    own(robot, [], [group])
    results = race(
        lambda: groups.remove_members(group, [people[0].pk], Actor(actors[0]), NOW),
        lambda: users.deactivate(people[1], Actor(actors[1])),
    )
    assert results == [1, None]
    assert faulty() == {"robot"}


def test_owners_are_notified_of_a_service_accounts_tokens_once_each(robot: User) -> None:
    configure("15", owners=True)
    person, member, both = UserFactory(username="p@x.org"), UserFactory(username="m@x.org"), UserFactory(username="b@x.org")
    left = UserFactory(username="left@x.org")
    own(robot, [person, both, left], [group_of(member, both), group_of(member)])
    users.deactivate(left, None)
    ending(5, name="deploy", user=robot)
    ending(5, name="own", user=person)
    assert told(scan()) == {"p@x.org": {"deploy", "own"}, "m@x.org": {"deploy"}, "b@x.org": {"deploy"}}
    assert told(scan()) == {}
    assert not Fault.objects.filter(source="nobody-to-notify").exists()
    text = next(mail.text for mail in deliver() if mail.to == "m@x.org")
    assert "of robot" in text
    assert "service accounts with tokens" in text


def test_an_owner_who_is_configured_too_gets_one_email(robot: User) -> None:
    configure("15", "P@x.org", owners=True)
    own(robot, [UserFactory(username="p@x.org")])
    ending(5, name="deploy", user=robot)
    assert told(scan()) == {"P@x.org": {"deploy"}}


def test_without_the_flag_owners_are_not_notified(robot: User) -> None:
    configure("15", "ops@x.org")
    own(robot, [UserFactory()])
    ending(5, name="deploy", user=robot)
    assert told(scan()) == {"ops@x.org": {"deploy"}}


def test_an_account_whose_owners_have_all_left_is_nobody_to_notify(robot: User) -> None:
    configure("15", owners=True)
    person = UserFactory()
    own(robot, [person])
    users.deactivate(person, None)
    ending(5, user=robot)
    scan()
    assert Fault.objects.open().filter(source="nobody-to-notify").get().resource == "robot"


def test_owners_hear_of_a_new_token_of_their_service_account(robot: User) -> None:
    person, creator = UserFactory(username="p@x.org"), AdministratorFactory(username="c@x.org")
    own(robot, [person, creator], [group_of(person)])
    issue(robot, "deploy", actor=creator)
    (email,) = deliver()
    assert email.to == "p@x.org"
    assert email.subject == "An API token was created for robot in Token Portal"
    assert "acts as the service account robot, which you own" in email.text


@pytest.mark.parametrize(("how", "status"), [("person", 200), ("group", 200), ("nobody", 404)])
def test_an_owner_can_read_the_page_of_a_token_and_not_revoke_it(how: str, status: int, robot: User) -> None:
    person = UserFactory()
    if how != "nobody":
        own(robot, *(([person],) if how == "person" else ((), [group_of(person)])))
    token, _ = issue(robot)
    visitor = Visitor(person)
    assert visitor.get(address("tokens:token", token.pk)).status_code == status
    assert visitor.get(address("tokens:revoke", token.pk)).status_code == 404
