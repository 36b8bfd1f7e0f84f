"""Emails to users about what happened to their accounts: each once, with who, where and when, and none that Config turns off."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core import mail as outbox
from django.db import transaction
from django.utils import timezone

import settings_app.services as config
from portal.core.actors import Actor
from portal.notifications import delivery
from portal.notifications.models import Message
from portal.sessions import services as sessions
from portal.sessions.models import SignIn
from portal.users import passwords
from portal.users.models import User
from portal.users.signals import company_account_changed, email_changed, factor_changed
from settings_app.notification_keys import SECURITY_NOTIFICATIONS
from tests.clock import MINUTE
from tests.factories import PASSWORD, AdministratorFactory, UserFactory, issue
from tests.pages.visitor import Visitor
from tests.sessions.signing_in import ANOTHER, FIREFOX, PHONE, sign_in

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return AdministratorFactory(username="bob@example.com", last_login=timezone.now())


def by(user: User) -> Actor:
    return Actor(user, None, "192.0.2.7", FIREFOX)


def add_factor(user: User) -> None:
    factor_changed.send(sender=User, user=user, actor=by(user), now=timezone.now(), change="added", factor="passkey Laptop")


def change_email(user: User) -> None:
    before, user.email = user.email, "robert@example.com"
    user.save()
    email_changed.send(sender=User, user=user, before=before, after=user.email, actor=Actor(AdministratorFactory()), now=timezone.now())


def connect_company_account(user: User) -> None:
    company_account_changed.send(sender=User, user=user, actor=by(user), now=timezone.now(), change="connected", provider="Entra ID")


def set_password(user: User) -> None:
    passwords.set_password(user, ANOTHER, by(user), timezone.now())


def create_token(user: User) -> None:
    issue(user, "deploy", actor=user)


def sign_in_elsewhere(user: User) -> None:
    sign_in(user)


def end_session(user: User) -> None:
    Visitor(user)
    sessions.end(user.sign_ins.get(), Actor(AdministratorFactory(username="chief@example.com")), timezone.now())


ACTS: dict[str, tuple[Callable[[User], None], list[str]]] = {
    "notify_password_changed": (set_password, ["bob@example.com", "192.0.2.7", "Firefox on Linux"]),
    "notify_second_factor": (
        add_factor,
        ["Added: passkey Laptop", "Time: 20", "192.0.2.7", "Firefox on Linux", "/accounts/password/reset/"],
    ),
    "notify_sign_in_method": (connect_company_account, ["Connected: Entra ID", "192.0.2.7", "Firefox on Linux"]),
    "notify_email_changed": (change_email, ["From: bob@example.com", "To: robert@example.com", "By: administrator"]),
    "notify_token_created": (create_token, ["deploy", "Created by"]),
    "notify_new_device": (sign_in_elsewhere, ["A new device signed in", "192.0.2.7", "Firefox on Linux", "Password", "/profile/sessions/"]),
    "notify_session_ended": (end_session, ["Devices: Unknown device", "By: chief@example.com"]),
}
every_act = pytest.mark.parametrize("flag", ACTS)


def sent() -> list[Any]:
    delivery.deliver(timezone.now())
    return outbox.outbox


def test_every_kind_has_a_flag_that_is_on() -> None:
    assert set(ACTS) == {name for name, _, _ in SECURITY_NOTIFICATIONS}
    assert all(config.get(flag) for flag in ACTS)


@every_act
def test_the_user_gets_an_email_that_says_what_and_where_and_no_secret(flag: str, user: User) -> None:
    act, parts = ACTS[flag]
    act(user)
    messages = sent()
    expected = ["bob@example.com", "robert@example.com"] if flag == "notify_email_changed" else ["bob@example.com"]
    assert [address for message in messages for address in message.to] == expected
    for part in [*parts, settings.PORTAL_NAME]:
        assert part in messages[0].body
    assert Message.objects.filter(state="sent").count() == Message.objects.count()
    stored = [*User.objects.values_list("password", flat=True), *SignIn.objects.values_list("session_key", flat=True)]
    for secret in (PASSWORD, ANOTHER, *stored):
        assert secret not in str([message.about for message in Message.objects.all()])
        assert secret not in "".join(message.body for message in messages)


@every_act
def test_nothing_is_sent_when_config_turns_it_off(flag: str, user: User) -> None:
    config.add(flag, "false", None)
    ACTS[flag][0](user)
    assert not Message.objects.exists()


@pytest.mark.parametrize("flag", [flag for flag in ACTS if flag != "notify_new_device"])  # a sign-in is several transactions
def test_nothing_is_sent_when_the_act_is_rolled_back(flag: str, user: User) -> None:
    with transaction.atomic():
        ACTS[flag][0](user)
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_an_administrators_device_and_address_are_not_named(user: User) -> None:
    factor_changed.send(sender=User, user=user, actor=by(AdministratorFactory()), now=timezone.now(), change="reset", factor="all")
    (message,) = sent()
    assert "By: administrator" in message.body
    assert "Reset: " in message.body
    assert "192.0.2.7" not in message.body


def test_who_has_no_password_is_not_advised_to_set_one(user: User) -> None:
    user.set_unusable_password()
    user.save()
    add_factor(user)
    (message,) = sent()
    assert "password" not in message.body
    assert "tell your administrator at once" in message.body


def test_a_deleted_user_gets_nothing(user: User) -> None:
    add_factor(user)
    User.objects.filter(pk=user.pk).update(is_active=False, deleted_at=timezone.now())
    assert sent() == []


# New devices


def kinds() -> list[str]:
    return list(Message.objects.values_list("kind", flat=True))


def test_the_first_sign_in_ever_is_from_no_new_device() -> None:
    sign_in(UserFactory())
    assert kinds() == []


def test_a_known_browser_is_no_new_device_and_another_one_is(user: User) -> None:
    visitor = sign_in(user)
    assert kinds() == ["new_device"]
    visitor.post("/accounts/sign-out/")
    visitor.send("account_login", login=user.username, password=PASSWORD)
    visitor.send("account_sign_in_again", password=PASSWORD)
    assert kinds() == ["new_device"]
    sign_in(user, PHONE)
    assert kinds() == ["new_device", "new_device"]


def test_a_browser_of_another_account_is_a_new_device(user: User) -> None:
    visitor = sign_in(UserFactory())
    visitor.post("/accounts/sign-out/")
    visitor.send("account_login", login=user.username, password=PASSWORD)
    assert list(Message.objects.values_list("kind", "recipient")) == [("new_device", user.email)]


def test_a_wrong_password_announces_nothing(user: User) -> None:
    Visitor().send("account_login", login=user.username, password="wrong")
    assert kinds() == []


def test_somebody_who_knows_the_password_cannot_fill_the_mailbox(user: User) -> None:
    for _ in range(8):
        sign_in(user)
    assert len(kinds()) == 5
    Message.objects.update(created_at=timezone.now() - 61 * MINUTE)
    sign_in(user)
    assert len(kinds()) == 6


# Ended sessions


def test_ending_several_sessions_is_one_email(user: User) -> None:
    for agent in (FIREFOX, PHONE, PHONE):
        sign_in(user, agent)
    Message.objects.all().delete()
    assert sessions.end_all(user, Actor(AdministratorFactory()), timezone.now()) == 3
    (message,) = sent()
    assert "Devices: Firefox on Linux, Safari on iPhone" in message.body


def test_ending_ones_own_sessions_is_no_email(user: User) -> None:
    sign_in(user)
    Message.objects.all().delete()
    assert sessions.end_all(user, Actor(user), timezone.now()) == 1
    assert sessions.end_all(user, Actor(AdministratorFactory()), timezone.now()) == 0
    assert kinds() == []
