"""Making users: people are invited, service accounts are not, and a name means one user for ever."""

import pytest
from django.core import mail as sent_mail
from django.core.management import CommandError, call_command
from pytest_django import Settings

from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.notifications.models import Message
from portal.users import administrators, services
from portal.users.models import User
from tests.factories import PASSWORD, AdministratorFactory, UserFactory, issue
from tests.one_time_links import sent_link
from tokens.models import Token

RUNS_ON = "sqlite"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]


def create(username: str, display_name: str = "", role: str = "user") -> User:
    return services.create(username, display_name, role, None)


def test_an_email_address_makes_a_person_who_is_invited() -> None:
    user = create("new@example.com", "New Person", "operator")
    stored = User.objects.get()
    assert stored == user
    assert (stored.kind, stored.role, stored.email, stored.display_name) == ("person", "operator", "new@example.com", "New Person")
    assert stored.is_active
    assert not stored.has_usable_password()
    assert Message.objects.get().recipient == "new@example.com"


def test_the_invitation_greets_by_name_and_holds_the_link_that_sets_the_first_password() -> None:
    create("new@example.com", "<b>{{ link }}</b>")
    link = sent_link()
    (email,) = sent_mail.outbox
    assert email.subject == "You've been invited to Token Portal"
    assert "Hello <b>{{ link }}</b>," in email.body
    assert "Hello &lt;b&gt;{{ link }}&lt;/b&gt;," in email.alternatives[0][0]
    for part in (email.body, email.alternatives[0][0]):
        assert link in part
        assert "expires in 3 days" in part


def test_any_other_name_makes_a_service_account_that_gets_no_mail_and_cannot_sign_in() -> None:
    user = create("build-robot", "Build robot")
    assert (user.kind, user.role, user.email) == ("service", "user", "")
    assert not user.has_usable_password()
    assert not Message.objects.exists()


NOT_ADDRESSES = ["jane.doe@examplecom", "jane@", "@example.com", "a@b@example.com", "jane doe@example.com", "bоb@example.com"]


@pytest.mark.parametrize("username", NOT_ADDRESSES)
def test_a_name_with_an_at_sign_must_be_a_valid_email_address(username: str) -> None:
    for make in (create, lambda name: administrators.ensure_first_administrator(name, "a given password")):
        with pytest.raises(ServiceError, match=r"is not a valid email address\.$") as error:
            make(username)
        assert error.value.field == "username"
    assert not User.objects.exists()


def test_an_international_domain_is_asked_for_in_its_ascii_form() -> None:
    with pytest.raises(ServiceError, match=r"ASCII form: jane@xn--bcher-kva\.example$"):
        create("jane@bücher.example")
    assert create("jane@xn--bcher-kva.example").kind == "person"


@pytest.mark.parametrize("role", ["operator", "administrator"])
def test_a_service_account_has_the_role_user(role: str) -> None:
    with pytest.raises(ServiceError, match="A service account always has the role User") as error:
        create("build-robot", "", role)
    assert error.value.field == "role"
    assert not User.objects.exists()


@pytest.mark.parametrize("again", ["new@example.com", "NEW@Example.com"])
def test_a_name_that_is_there_is_refused_in_any_case_of_letters(again: str) -> None:
    create("new@example.com")
    with pytest.raises(ServiceError, match=r"^A user named new@example\.com already exists\.$") as error:
        create(again)
    assert error.value.field == "username"
    assert (User.objects.count(), Message.objects.count()) == (1, 1)


def test_the_name_of_a_deactivated_user_is_taken_too() -> None:
    UserFactory(username="new@example.com", is_active=False)
    with pytest.raises(ServiceError):
        create("new@example.com")


def test_the_name_of_a_deleted_user_brings_that_user_back_without_tokens_or_password() -> None:
    actor = Actor(AdministratorFactory())
    user = UserFactory(username="back@example.com", role="operator")
    issue(user)
    services.delete(user, actor)
    again = create("back@example.com", "Back Again")
    assert again.pk == user.pk
    assert (again.is_active, again.deleted_at, again.role, again.display_name) == (True, None, "user", "Back Again")
    assert not again.check_password(PASSWORD)
    assert not Token.objects.filter(revoked_at=None).exists()
    assert Message.objects.get().recipient == "back@example.com"


def test_a_deleted_user_who_is_back_can_be_deleted_again() -> None:
    actor, user = AdministratorFactory(), UserFactory()
    for _ in range(2):
        services.delete(User.objects.get(pk=user.pk), Actor(actor))
        create(user.username)
    assert User.objects.existing().filter(pk=user.pk).exists()


def test_the_first_administrator_is_made_once() -> None:
    assert administrators.ensure_first_administrator("admin@example.com", "a given password") is None
    user = User.objects.get()
    assert (user.role, user.email) == ("administrator", "admin@example.com")
    assert user.check_password("a given password")
    assert administrators.ensure_first_administrator("admin@example.com", "") is None
    assert administrators.ensure_first_administrator("other@example.com", "") is None
    assert User.objects.count() == 1


def test_the_first_administrator_gets_a_password_that_is_made_up_where_none_is_given() -> None:
    password = administrators.ensure_first_administrator("admin@example.com", "")
    assert len(password) >= 16
    assert User.objects.get().check_password(password)


@pytest.mark.parametrize("password", ["a", "password1234", "8512679034", "chief.engineer"])
def test_the_first_administrators_password_follows_everybodys_rules(password: str, settings: Settings) -> None:
    with pytest.raises(ServiceError) as error:
        administrators.ensure_first_administrator("chief.engineer@example.com", password)
    assert error.value.field == "password"
    assert not User.objects.exists()
    settings.PORTAL_ADMIN_USERNAME, settings.PORTAL_ADMIN_PASSWORD = "chief.engineer@example.com", password
    with pytest.raises(CommandError, match=r"^Configuration error: PORTAL_ADMIN_PASSWORD: [^\n]+$"):
        call_command("prepare_portal")


def test_a_deactivated_or_deleted_administrator_is_not_replaced_by_a_start_of_the_portal() -> None:
    AdministratorFactory(is_active=False)
    assert administrators.ensure_first_administrator("admin@example.com", "") is None
    assert User.objects.count() == 1
