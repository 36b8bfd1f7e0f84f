"""A new password: the one way in which it is set, what ends with it, and the email that says so."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core import mail as sent_mail
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.notifications import delivery
from portal.notifications.models import Message
from portal.users import passwords, services
from portal.users.models import User
from tests.factories import PASSWORD, AdministratorFactory, ServiceFactory, UserFactory
from tests.one_time_links import NEW_PASSWORD, ask_for_reset, sent_link, use
from tests.pages.visitor import Visitor

RUNS_ON = "sqlite"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]
AT = datetime(2026, 11, 27, 22, 5, tzinfo=UTC)


@pytest.fixture
def user() -> User:
    return UserFactory(username="alice@example.com")


def change(user: User, **options: str) -> Any:
    visitor = Visitor(user, **options)
    data = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    return visitor.send("account_change_password", **data)


def announced() -> Any:
    """The one email about a password."""
    delivery.deliver(max(AT, timezone.now()))
    (email,) = [message for message in sent_mail.outbox if message.subject.startswith("Your Token Portal password was")]
    return email


def test_a_changed_password_is_announced_with_time_and_address(user: User, settings: Settings) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    with time_machine.travel(AT, tick=False):
        change(user, REMOTE_ADDR="203.0.113.7")
        email = announced()
    assert (email.to, email.subject) == (["alice@example.com"], "Your Token Portal password was changed")
    for text in (email.body, email.alternatives[0][0]):
        assert "2026-11-27 23:05 CET, from the IP address 203.0.113.7" in text
        assert settings.PORTAL_URL + reverse("account_reset_password") in text
        assert "tell your administrator" in text


def test_a_reset_is_announced_too(user: User) -> None:
    ask_for_reset(user.email)
    use(sent_link())
    assert announced().subject == "Your Token Portal password was changed"


def test_a_first_password_is_announced_as_set() -> None:
    services.create("new@example.com", "", "user", None)
    use(sent_link())
    email = announced()
    assert (email.to, email.subject) == (["new@example.com"], "Your Token Portal password was set")
    assert "calendar" not in email.body


def test_a_rejected_change_is_not_announced(user: User) -> None:
    Visitor(user).send("account_change_password", oldpassword="wrong", password1=NEW_PASSWORD, password2=NEW_PASSWORD)
    assert not Message.objects.exists()


def test_a_user_without_an_address_gets_no_email() -> None:
    change(UserFactory(username="admin", email=""))
    assert User.objects.get().check_password(NEW_PASSWORD)
    assert not Message.objects.exists()


def test_an_email_that_cannot_be_queued_leaves_the_password_as_it_was(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.emails, "queue_password_changed", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        passwords.set_password(User.objects.get(pk=user.pk), NEW_PASSWORD, None, AT)
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


@pytest.mark.parametrize("meanwhile", [{"is_active": False}, {"session_stamp": "another"}, {"password": "another"}, {"kind": "service"}])
def test_what_has_changed_meanwhile_is_not_overwritten(meanwhile: dict[str, object], user: User) -> None:
    read = User.objects.get(pk=user.pk)
    User.objects.filter(pk=user.pk).update(**meanwhile)
    before = User.objects.values().get(pk=user.pk)
    with pytest.raises(ServiceError):
        passwords.set_password(read, NEW_PASSWORD, None, AT)
    assert User.objects.values().get(pk=user.pk) == before


def test_a_password_change_undoes_no_demotion_that_came_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """django-allauth saves the whole row as it was read when the request began."""
    AdministratorFactory()
    user = AdministratorFactory(username="alice@example.com")
    check = User.check_password

    def demote_meanwhile(self: User, raw: str) -> bool:
        User.objects.filter(pk=user.pk).update(role="user", display_name="Demoted")
        return check(self, raw)

    monkeypatch.setattr(User, "check_password", demote_meanwhile)
    assert change(user).status_code == 302
    monkeypatch.undo()
    after = User.objects.get(pk=user.pk)
    assert (after.role, after.display_name, after.check_password(NEW_PASSWORD)) == ("user", "Demoted", True)


def test_a_deactivation_that_came_in_between_holds(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    check = User.check_password

    def deactivate_meanwhile(self: User, raw: str) -> bool:
        User.objects.filter(pk=user.pk).update(is_active=False)
        return check(self, raw)

    monkeypatch.setattr(User, "check_password", deactivate_meanwhile)
    assert change(user).status_code == 403
    assert not User.objects.get(pk=user.pk).is_active


def test_a_service_account_gets_no_password() -> None:
    with pytest.raises(ServiceError):
        passwords.set_password(ServiceFactory(), NEW_PASSWORD, None, AT)


def test_nobody_sets_the_password_of_somebody_else(user: User) -> None:
    with pytest.raises(PermissionDenied):
        passwords.set_password(user, NEW_PASSWORD, Actor(AdministratorFactory()), AT)
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_a_session_that_was_signed_out_in_between_sets_no_password(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    check = User.check_password

    def sign_out_meanwhile(self: User, raw: str) -> bool:
        Session.objects.all().delete()
        return check(self, raw)

    monkeypatch.setattr(User, "check_password", sign_out_meanwhile)
    change(user)
    monkeypatch.undo()
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
