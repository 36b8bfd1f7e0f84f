"""Local passwords are off: nobody but the emergency administrator gets in without the company, by whatever page."""

from io import StringIO
from typing import Any

import pytest
from django.core import mail as sent_mail
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

import settings_app.services as config
from portal.audit.models import Entry
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.env.providers import OidcProvider
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.notifications import delivery
from portal.sso import emergency
from portal.users import emails, invitations, links, passwords, renaming, services
from portal.users.models import User
from tests.factories import PASSWORD, AdministratorFactory, UserFactory
from tests.pages.page import Page
from tests.pages.test_settings import save
from tests.pages.visitor import Visitor
from tests.sso.provider import Provider
from tests.sso.test_sign_in import invite
from tests.sso.visiting import inside, sign_in
from tokens.models import Token

pytestmark = pytest.mark.django_db
ACME = {"acme": OidcProvider(id="acme", name="Acme", issuer="https://127.0.0.1:1", client_id="portal")}


@pytest.fixture
def chief() -> User:
    return AdministratorFactory(username="chief@example.com")


@pytest.fixture
def passwords_off(chief: User, settings: Settings) -> User:
    """The emergency administrator."""
    settings.SIGN_IN_PROVIDERS = ACME
    config.add("emergency_administrator", chief.username, None)
    config.add("local_passwords", "false", None)
    return chief


def by_password(user: User) -> tuple[Visitor, Any]:
    visitor = Visitor()
    return visitor, visitor.send("account_login", login=user.username, password=PASSWORD)


def deliver() -> list[Any]:
    """The emails that were queued."""
    delivery.deliver(timezone.now())
    return sent_mail.outbox


def test_config_does_not_turn_passwords_off_without_provider_and_emergency_administrator(chief: User, settings: Settings) -> None:
    with pytest.raises(ServiceError, match="No sign-in provider"):
        config.add("local_passwords", "false", None)
    settings.SIGN_IN_PROVIDERS = ACME
    with pytest.raises(ServiceError, match="Set Emergency administrator first"):
        config.add("local_passwords", "false", None)
    invited = AdministratorFactory()
    User.objects.filter(pk=invited.pk).update(password="!")
    for name in (UserFactory().username, invited.username, "nobody"):
        with pytest.raises(ServiceError, match="active administrator"):
            config.add("emergency_administrator", name, None)
    row = config.add("emergency_administrator", chief.username.upper(), None)
    config.put("local_passwords", "false", None)
    with pytest.raises(ServiceError, match="emergency administrator is needed"):
        config.delete(row, None)


def test_the_pages_of_config_say_what_is_missing(chief: User) -> None:
    visitor = Visitor(chief)
    by_pane = Page(visitor.send("settings:add", type="Flags", key="local_passwords", value="false"))
    row = Page(save(visitor, "local_passwords", "false"))  # before it asks to confirm
    for page in (by_pane, row):
        assert (page.status, "No sign-in provider is configured" in page.text) == (422, True), page.text
    assert config.get("local_passwords") is True


def test_the_sign_in_page_offers_the_company_and_a_quiet_link(passwords_off: User) -> None:
    page = Visitor().see("account_login", next="/profile/")
    assert not page.all("input", name="password")
    button = page.one("form", class_="entrance-company").one("button")
    assert ("btn-primary" in button.attributes["class"], button.text) == (True, "Continue with Acme")
    assert page.one("input", name="next").attributes["value"] == "/profile/"
    assert [each.text for each in page.all("a", href="?emergency&next=/profile/")] == ["Emergency sign-in"]
    assert "Only the emergency administrator" in Visitor().see("account_login", emergency="").text
    assert Page(Visitor().get(reverse("account_login") + "?emergency")).one("input", name="password")


def test_nobody_else_gets_in_by_password(passwords_off: User) -> None:
    visitor, response = by_password(UserFactory())
    assert "is not correct" in Page(response).text
    assert not inside(visitor)
    assert not Token.objects.exists()


def test_each_emergency_sign_in_is_a_fault_an_email_and_an_audit_entry(passwords_off: User) -> None:
    config.add("token_expiration_emails", "ops@example.com", None)
    assert inside(by_password(passwords_off)[0])
    assert inside(by_password(passwords_off)[0])
    assert Fault.objects.open().filter(source=emergency.SOURCE).count() == 2
    assert Entry.objects.filter(event="emergency_sign_in", actor=passwords_off).count() == 2
    operator = Visitor(UserFactory(role=User.Role.OPERATOR))
    assert "Emergency administrator signed in" in Page(operator.get(Fault.objects.open().first().links[0]["url"])).text
    sent = [message for message in deliver() if message.to == ["ops@example.com"]]
    assert len(sent) == 2
    assert "chief@example.com signed in" in sent[0].body


def test_a_sign_in_while_passwords_are_on_is_none(chief: User) -> None:
    config.add("emergency_administrator", chief.username, None)
    by_password(chief)
    assert not Fault.objects.exists()


def test_the_fault_clears_once_it_is_acknowledged(passwords_off: User) -> None:
    by_password(passwords_off)
    emergency.watch(timezone.now())
    fault = Fault.objects.open().get()
    faults.acknowledge(fault, Actor(passwords_off), timezone.now())
    emergency.watch(timezone.now())
    assert not Fault.objects.open().exists()


def test_a_lost_emergency_administrator_can_be_renamed(passwords_off: User) -> None:
    AdministratorFactory()
    User.objects.filter(pk=passwords_off.pk).update(role=User.Role.USER)
    renaming.rename(passwords_off, "was-chief@example.com", None, None, timezone.now())
    assert config.get("emergency_administrator") == "chief@example.com"


def test_a_lost_emergency_administrator_is_a_fault(passwords_off: User) -> None:
    AdministratorFactory()
    User.objects.filter(pk=passwords_off.pk).update(is_active=False)
    emergency.watch(timezone.now())
    emergency.watch(timezone.now())
    assert Fault.objects.open().get().source == emergency.MISSING
    User.objects.filter(pk=passwords_off.pk).update(is_active=True)
    emergency.watch(timezone.now())
    assert not Fault.objects.open().exists()


def test_one_who_is_no_administrator_any_more_does_not_get_in(passwords_off: User) -> None:
    User.objects.filter(pk=passwords_off.pk).update(role="user")
    assert not inside(by_password(passwords_off)[0])


def test_the_company_lets_people_in(provider: Provider, chief: User) -> None:
    config.add("emergency_administrator", chief.username, None)
    config.add("local_passwords", "false", None)
    invite()
    assert inside(sign_in(provider)[0])
    assert not Fault.objects.exists()


def test_no_link_sets_a_password(passwords_off: User) -> None:
    user = UserFactory()
    link = links.link(user)
    assert "no longer works" in Page(Visitor().get(link.removeprefix("http://127.0.0.1:8000"), follow=True)).text
    emails.queue_password_reset(user.email, Actor(None))
    emails.queue_password_reset(passwords_off.email, Actor(None))
    assert [message.to for message in deliver()] == [[passwords_off.email]]


def test_an_invitation_leads_to_the_company_s_sign_in(passwords_off: User) -> None:
    user = services.create("new@example.com", "", "user", None)
    body = deliver()[0].body
    assert reverse("account_login") in body
    assert "company account" in body
    assert "password" not in body.lower()
    with pytest.raises(ServiceError, match="turned off"):
        invitations.new_link(user, Actor(passwords_off), timezone.now())


@pytest.mark.parametrize("name", ["account_change_password", "account_set_password"])
def test_a_signed_in_user_cannot_set_a_password(name: str, passwords_off: User) -> None:
    user = UserFactory()
    visitor = Visitor(user)
    for response in (visitor.get(reverse(name)), visitor.send(name, oldpassword=PASSWORD, password1="x" * 20, password2="x" * 20)):
        assert response["Location"] == reverse("profile")
    assert not visitor.see("profile").all("a", href=reverse("account_change_password"))
    with pytest.raises(PermissionDenied):
        passwords.set_password(user, "another-long-password", Actor(user), timezone.now())
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize("name", ["account_sign_in_again", "account_reauthenticate"])
def test_a_password_confirms_nothing(name: str, passwords_off: User) -> None:
    visitor = Visitor(UserFactory())
    assert not visitor.see(name).all("input", name="password")
    assert visitor.send(name, password=PASSWORD).status_code == 200


def test_a_passkey_alone_does_not_sign_in(passwords_off: User) -> None:
    assert not Visitor().see("account_login").all("form", action=reverse("mfa_passkey_sign_in"))


def test_the_key_follows_its_user_s_new_name(passwords_off: User) -> None:
    renaming.rename(passwords_off, "boss@example.com", None, None, timezone.now())
    assert config.get("emergency_administrator") == "boss@example.com"


def test_a_command_turns_passwords_on_again(passwords_off: User) -> None:
    call_command("allow_local_passwords")
    assert inside(by_password(UserFactory())[0])


def test_the_command_line_gives_no_link_that_would_not_work(passwords_off: User) -> None:
    with pytest.raises(CommandError, match="Passwords are turned off"):
        call_command("changepassword", UserFactory().username, "--link")
    out = StringIO()
    call_command("changepassword", passwords_off.username, "--link", stdout=out)
    assert "/accounts/password/reset/" in out.getvalue()
