"""Another username or email address: nothing is lost, and no name ever means two users."""

import pytest

from portal.audit.models import Entry
from portal.core.errors import ServiceError
from portal.notifications.models import Message
from portal.users import invitations, renaming, services
from portal.users.models import FormerName, SavedFilter, User
from tests.checks import verification_result
from tests.clock import NOW
from tests.factories import ServiceFactory, UserFactory, issue
from tests.racing import race

pytestmark = pytest.mark.django_db


def renamed(user: User, username: str | None = None, email: str | None = None) -> User:
    return renaming.rename(user, username, email, None, NOW)


def test_a_user_keeps_everything_under_another_name() -> None:
    user = UserFactory(username="anna.smith@example.com", last_login=NOW)
    token, text = issue(user)
    SavedFilter.objects.create(user=user, list="tokens", name="mine", query="q=x")
    session_hash = user.get_session_auth_hash()
    user = renamed(user, "anna.jones@example.com")
    assert (user.username, user.email) == ("anna.jones@example.com", "anna.jones@example.com")
    found = verification_result(text, NOW)
    assert (found.pk, found.user.username) == (token.pk, "anna.jones@example.com")
    assert user.get_session_auth_hash() == session_hash
    assert user.saved_filters.get().name == "mine"
    entry = Entry.objects.get(changes__has_key="username")
    assert entry.changes == {
        "username": ["anna.smith@example.com", "anna.jones@example.com"],
        "email": ["anna.smith@example.com", "anna.jones@example.com"],
    }
    assert entry.target_id == str(user.pk)
    assert User.objects.get(search_key__has="jones") == user


def test_a_former_name_stays_reserved_for_its_user() -> None:
    user = UserFactory(username="anna.smith@example.com", last_login=NOW)
    other = UserFactory(last_login=NOW)
    renamed(user, "anna.jones@example.com")
    said = "anna.smith@example.com was the username of anna.jones@example.com, and stays reserved."
    for attempt in (
        lambda: services.create("Anna.Smith@example.com", "", "user", None),
        lambda: renamed(other, "ANNA.smith@example.com"),
    ):
        with pytest.raises(ServiceError) as error:
            attempt()
        assert str(error.value) == said
    assert renamed(user, "anna.smith@example.com").username == "anna.smith@example.com"
    assert [former.name for former in FormerName.objects.all()] == ["anna.jones@example.com"]


def test_a_deleted_name_does_not_come_back_beside_another_users_address() -> None:
    """A directory names the email address itself, which need not be the username."""
    services.delete(UserFactory(username="anna@example.com"), None)
    renamed(UserFactory(last_login=NOW), email="anna@example.com")
    with pytest.raises(ServiceError, match=r"anna@example.com is another user's email address"):
        services.create("anna@example.com", "", "user", None, kind=User.Kind.PERSON, email="other@example.com")


def test_a_name_can_change_in_the_case_of_its_letters_alone() -> None:
    user = renamed(ServiceFactory(username="ci-runner"), "CI-Runner")
    assert user.username == "CI-Runner"
    assert not FormerName.objects.exists()


@pytest.mark.parametrize(
    ("kind", "username", "email", "field", "said"),
    [
        ("person", "TAKEN@example.com", None, "username", "A user named taken@example.com already exists."),
        ("person", "gone@example.com", None, "username", "gone@example.com is a deleted user's name."),
        ("person", "other-address@example.com", None, "username", "other-address@example.com is another user's email address."),
        ("person", "anna", None, "username", "Enter an email address: the username of a person."),
        ("person", "anna@", None, "username", "anna@ is not a valid email address."),
        ("person", None, "Other-Address@example.com", "email", "Other-Address@example.com is another user's email address."),
        ("person", None, "taken@example.com", "email", "taken@example.com is another user's email address."),
        ("person", None, "", "email", "Enter an email address."),
        ("person", None, "x@", "email", "x@ is not a valid email address."),
        ("service", "a@example.com", None, "username", "A service account's name can't be an email address."),
        ("service", None, "a@example.com", "email", "A service account has no email address. Its owners get its notifications."),
        ("service", "add", None, "username", '"add" is reserved. Choose another username.'),
    ],
)
def test_a_name_or_address_that_cannot_be_is_rejected(kind: str, username: str, email: str, field: str, said: str) -> None:
    UserFactory(username="taken@example.com", email="other-address@example.com")
    services.delete(UserFactory(username="gone@example.com"), None)
    user = UserFactory() if kind == "person" else ServiceFactory()
    with pytest.raises(ServiceError) as error:
        renamed(user, username, email)
    assert (error.value.field, str(error.value)) == (field, said)
    assert User.objects.get(pk=user.pk).username == user.username


def test_who_never_signed_in_is_invited_at_the_new_address_only() -> None:
    user = services.create("ana@example.com", "Anna", "user", None)
    link = invitations.new_link(user, None, NOW)
    stamp = User.objects.get(pk=user.pk).session_stamp
    user = renamed(user, "anna@example.com")
    assert user.session_stamp != stamp
    assert link
    assert sorted(Message.objects.values_list("recipient", flat=True)) == ["ana@example.com", "anna@example.com"]


def test_an_address_alone_can_change() -> None:
    user = renamed(UserFactory(username="anna@example.com"), None, "anna@other.example")
    assert (user.username, user.email) == ("anna@example.com", "anna@other.example")
    assert renamed(user, "jones@example.com").email == "anna@other.example"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_are_given_one_name_at_once_one_gets_it() -> None:
    users = UserFactory.create_batch(2, last_login=NOW)
    results = race(*(lambda user=user: renamed(user, "one@example.com") for user in users))
    assert sorted(isinstance(result, ServiceError) for result in results) == [False, True]


@pytest.mark.django_db(transaction=True)
def test_a_name_is_not_given_away_while_its_user_is_renamed() -> None:
    user = UserFactory(username="old@example.com", last_login=NOW)
    results = race(lambda: renamed(user, "new@example.com"), lambda: services.create("old@example.com", "", "user", None))
    assert isinstance(results[0], User)
    assert isinstance(results[1], ServiceError)
