"""One-time links that set a password: what ends them, what of them is stored, and that asking for one tells nobody who exists."""

import re
from collections.abc import Callable
from smtplib import SMTPDataError
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core import mail as sent_mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.core.actors import Actor
from portal.notifications import delivery
from portal.notifications import services as notifications
from portal.notifications.models import Message
from portal.users import emails, links, passwords, services
from portal.users.models import User
from tests.clock import DAY, NOW, SECOND
from tests.factories import PASSWORD, AdministratorFactory, UserFactory
from tests.notifications.rejecting import RejectingServer
from tests.one_time_links import NEW_PASSWORD, ask_for_reset, sent_link, use
from tests.pages.page import Page
from tests.pages.visitor import Visitor

RUNS_ON = "sqlite"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]
OVER = "This link no longer works"
SET = "Your password is set"


@pytest.fixture
def user() -> User:
    return UserFactory(username="alice@example.com")


def reset_link(user: User) -> str:
    ask_for_reset(user.email)
    return sent_link()


def invited() -> tuple[User, str]:
    user = services.create("new@example.com", "", "user", None)
    return user, sent_link()


def heading(page: Page) -> str:
    return page.one("h1").text


def opened(link: str) -> tuple[Visitor, str]:
    """A visitor who opened the link, and the address of the form."""
    visitor = Visitor()
    return visitor, Page(visitor.get(link, follow=True)).one("form").attributes["action"]


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


# What ends a link


def by_activation_too(user: User, actor: Actor) -> None:
    services.deactivate(user, actor)
    services.activate(fresh(user), actor)


def by_creation_anew(user: User, actor: Actor) -> None:
    services.delete(user, actor)
    services.create(user.username, "", "user", None)


def by_another_password(user: User, actor: Actor) -> None:
    passwords.set_password(fresh(user), "another-password-of-alice", None, NOW)


def by_signing_in(user: User, actor: Actor) -> None:
    Visitor().send("account_login", login=user.username, password=PASSWORD)


def by_a_change_past_the_services(user: User, actor: Actor) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def by_another_address(user: User, actor: Actor) -> None:
    User.objects.filter(pk=user.pk).update(email="elsewhere@example.com")


ENDS = [
    services.deactivate,
    services.delete,
    by_activation_too,
    by_creation_anew,
    by_another_password,
    by_signing_in,
    by_another_address,
    by_a_change_past_the_services,
]


@pytest.mark.parametrize("end", ENDS)
def test_a_reset_link_ends_with(end: Callable[[User, Actor], object], user: User) -> None:
    link = reset_link(user)
    end(user, Actor(AdministratorFactory()))
    before = fresh(user).password
    assert heading(use(link)) == OVER
    assert fresh(user).password == before


@pytest.mark.parametrize("end", ENDS)
def test_a_link_that_is_open_already_ends_with(end: Callable[[User, Actor], object], user: User) -> None:
    visitor, form = opened(reset_link(user))
    end(user, Actor(AdministratorFactory()))
    before = fresh(user).password
    assert heading(Page(visitor.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}))) == OVER
    assert fresh(user).password == before


@pytest.mark.parametrize("end", [services.deactivate, services.delete, by_activation_too, by_creation_anew])
def test_an_invitation_ends_with(end: Callable[[User, Actor], object]) -> None:
    user, link = invited()
    end(user, Actor(AdministratorFactory()))
    assert heading(use(link)) == OVER


def test_a_demotion_leaves_the_link_to_the_same_person(user: User) -> None:
    User.objects.filter(pk=user.pk).update(role="operator")
    link = reset_link(user)
    services.update(fresh(user), None, "user", Actor(AdministratorFactory()))
    assert heading(use(link)) == SET
    assert fresh(user).role == "user"


def test_a_link_works_for_three_days() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        _user, link = invited()
        clock.move_to(NOW + 3 * DAY + SECOND)
        assert heading(use(link)) == OVER
        clock.move_to(NOW + 3 * DAY)
        assert heading(use(link)) == SET


def test_of_two_forms_of_one_link_the_second_sets_nothing(user: User) -> None:
    link = reset_link(user)
    (one, form), (other, _) = opened(link), opened(link)
    one.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert heading(Page(other.post(form, {"password1": PASSWORD, "password2": PASSWORD}))) == OVER
    assert fresh(user).check_password(NEW_PASSWORD)


@pytest.mark.parametrize("uid", ["0", "zzz", "zzzzzzzzzzzzz", "zzzzzzzzzzzzzz"])
def test_a_link_of_nobody_is_answered_like_a_wrong_one(uid: str, user: User) -> None:
    for key in (links.generator.make_token(user), "set-password", "x-y"):
        page = Page(Visitor().get(reverse("account_reset_password_from_key", args=[uid, key])))
        assert (page.status, heading(page)) == (200, OVER)


def test_an_opened_link_signs_somebody_else_out_and_goes_on(user: User) -> None:
    other = Visitor(UserFactory())
    assert heading(use(reset_link(user), visitor=other)) == SET
    assert fresh(user).check_password(NEW_PASSWORD)
    assert other.get(reverse("profile")).status_code == 302


# What is stored


def test_an_email_with_a_link_has_none_before_while_and_after_it_is_sent(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    server = RejectingServer(monkeypatch)
    server.addresses = {user.email}
    ask_for_reset(user.email)
    for answer in [(0, 1), (1, 0)]:
        row = Message.objects.values().get()
        assert "/accounts/password/" not in str(row)
        assert (row["kind"], row["content"]) == (emails.PASSWORD_RESET, None)
        assert row["about"] == {"address": "127.0.0.1", "user_agent": ""}
        assert delivery.deliver(timezone.now()) == answer
        server.addresses = set()
        Message.objects.update(next_attempt_at=timezone.now())
    assert "/accounts/password/" not in str(Message.objects.values().get())
    assert heading(use(sent_link())) == SET


def test_a_mail_server_that_quotes_the_link_gets_it_into_no_row(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def reject(backend: EmailBackend, messages: list[Any]) -> int:
        raise SMTPDataError(554, f"5.7.1 Rejected for {messages[0].body}".encode())

    monkeypatch.setattr(EmailBackend, "send_messages", reject)
    ask_for_reset(user.email)
    assert delivery.deliver(timezone.now()) == (0, 1)
    said = Message.objects.get().last_error
    assert "5.7.1 Rejected" in said
    assert "/accounts/password/reset/***" in said
    assert not re.search(r"[0-9a-f]{32}", said)


def test_a_session_that_opened_a_link_holds_nothing_that_opens_it(user: User) -> None:
    link = reset_link(user)
    opened(link)
    (session,) = [each.get_decoded() for each in Session.objects.all()]
    key = link.rstrip("/").partition("-")[2]
    made, secret = key.split("-")
    note = session[links.OPENED]
    assert note["made"] == made
    assert secret not in str(session)
    for wrong in (note["digest"], f"{made}-{note['digest']}", f"{made}-{note['digest'][:32]}"):
        assert heading(use(reverse("account_reset_password_from_key", args=[link.split("/")[-2].split("-")[0], wrong]))) == OVER


def test_an_invitation_that_has_become_pointless_is_not_sent() -> None:
    for number, change in enumerate([{"is_active": False}, {"password": UserFactory().password}]):
        user = services.create(f"new{number}@example.com", "", "user", None)
        User.objects.filter(pk=user.pk).update(**change)
    assert delivery.deliver(timezone.now()) == (0, 0)
    assert not Message.objects.exists()


# Who exists


def answer_and_work(address: str) -> tuple[Any, list[str]]:
    """What a visitor gets to see, and the statements that it took, without their values."""
    with CaptureQueriesContext(connection) as queries:
        page = ask_for_reset(address)
    statements = [re.sub(r"VALUES .*|SAVEPOINT .*|'.*?'|\d+", "", query["sql"]) for query in queries]
    return (page.status, page.one("main").text, page.response.redirect_chain), statements


def test_asking_for_a_link_is_the_same_work_whoever_exists(user: User) -> None:
    UserFactory(username="gone@example.com", is_active=False)
    answer_and_work("first@example.com")  # the first form of an address begins its count
    known = answer_and_work(user.email)
    assert any("INSERT" in statement for statement in known[1])
    assert not any("users_user" in statement for statement in known[1])
    for address in ("nobody@example.com", "gone@example.com"):
        assert answer_and_work(address) == known


@pytest.mark.parametrize("look_alike", ["mi\u212ae@example.com", "m\u0131ke@example.com", "mıKe@example.com"])
def test_the_link_goes_to_no_address_that_only_looks_like_the_users(look_alike: str) -> None:
    mike = UserFactory(username="mike@example.com")
    ask_for_reset(look_alike)
    delivery.deliver(timezone.now())
    assert {address for message in sent_mail.outbox for address in message.to} <= {mike.email}


def test_the_link_goes_to_one_address() -> None:
    UserFactory(username="mike@example.com")
    notifications.queue(emails.PASSWORD_RESET, ["mike@example.com,eve@example.com"], now=timezone.now())
    assert delivery.deliver(timezone.now()) == (0, 0)
