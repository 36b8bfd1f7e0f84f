"""Each security event leaves a row in the audit trail and a line in the log, with who, from where and by what, and without secrets."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail as outbox
from django.urls import reverse
from django.utils import timezone
from structlog.testing import capture_logs

from portal.audit.models import Entry
from portal.audit.services import Event
from portal.notifications import delivery
from portal.users import services as users
from tests.api.caller import Caller
from tests.cli import confirm, exchange
from tests.factories import PASSWORD, AdministratorFactory, ServiceFactory, UserFactory, issue
from tests.one_time_links import NEW_PASSWORD, ask_for_reset, sent_link, use
from tests.pages.visitor import Visitor
from tokens import token_format
from tokens.models import Token

pytestmark = pytest.mark.django_db
ADDRESS, AGENT = "203.0.113.7", "Firefox/150"


def browser() -> Visitor:
    return Visitor(REMOTE_ADDR=ADDRESS, headers={"User-Agent": AGENT})


def sign_in(visitor: Visitor, login: str, password: str = PASSWORD) -> Any:
    return visitor.send("account_login", login=login, password=password)


def trail(*kinds: Event) -> list[Entry]:
    return list(Entry.objects.filter(event__in=kinds or Event.values).order_by("pk"))


def last(kind: Event) -> Entry:
    """The event, which must have happened exactly once, from our browser."""
    (entry,) = trail(kind)
    assert (entry.address, entry.user_agent) == (ADDRESS, AGENT)
    return entry


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as captured:
        yield captured


def test_a_sign_in_a_revealed_token_and_a_sign_out_name_the_session(lines: list[Any]) -> None:
    user, visitor = UserFactory(), browser()
    sign_in(visitor, user.username)
    visitor.post(reverse("tokens:temporary"), headers={"Accept": "application/json"})
    visitor.send("account_logout")
    events = trail()
    assert [each.event for each in events] == ["signed_in", "token_revealed", "signed_out"]
    assert {(each.actor, each.address, each.user_agent) for each in events} == {(user, ADDRESS, AGENT)}
    (session,) = {each.credential_id for each in events}
    assert len(session) == 16
    assert events[1].target_id == str(Token.objects.get().pk)
    assert [each["event"] for each in lines] == ["signed_in", "token_revealed", "signed_out"]
    assert {each["address"] for each in lines} == {ADDRESS}


def test_signing_in_where_somebody_else_was_signed_in_names_the_new_session() -> None:
    visitor = Visitor(UserFactory(), REMOTE_ADDR=ADDRESS)
    before = Entry.objects.latest("pk").credential_id
    visitor.force_login(UserFactory())
    assert Entry.objects.latest("pk").credential_id not in (before, "")


def test_repeated_wrong_passwords_are_counted_in_one_row_and_hold_nothing_that_was_typed(lines: list[Any]) -> None:
    user = UserFactory()
    for _ in range(3):
        sign_in(browser(), user.username, "my-secret-password")
    first, again = trail(Event.SIGN_IN_FAILED)
    assert [(each.actor, each.target_name, each.address, each.user_agent) for each in (first, again)] == [
        (None, user.username, ADDRESS, AGENT)
    ] * 2
    assert (first.count, again.count) == (1, 2)
    assert "my-secret-password" not in str(list(Entry.objects.values())) + str(lines)


def test_what_was_typed_as_an_unknown_account_is_not_written_down(lines: list[Any]) -> None:
    """It may be the password, in the wrong field."""
    sign_in(browser(), "correct horse battery staple", "x")
    entry = last(Event.SIGN_IN_FAILED)
    assert entry.credential_kind == ""
    assert entry.target_name == f"unknown account from {ADDRESS}"
    assert len(entry.details["account_hash"]) == 12
    assert "horse" not in str(list(Entry.objects.values())) + str(lines)


def test_throttling_is_recorded_once() -> None:
    user = UserFactory()
    for _ in range(12):
        sign_in(browser(), user.username, "wrong")
    entry, *again = trail(Event.THROTTLED)
    assert [each.count for each in again] == [1], "by another limit"
    assert (entry.target_name, entry.details["action"]) == (user.username, "failed sign-ins to an account")


def test_a_reset_is_recorded_when_it_is_asked_for_and_when_it_is_done() -> None:
    user = UserFactory()
    ask_for_reset(user.email, REMOTE_ADDR=ADDRESS, headers={"User-Agent": AGENT})
    ask_for_reset("nobody@example.com")
    link = sent_link()
    assert last(Event.RESET_REQUESTED).target_name == user.username
    use(link, visitor=browser())
    entry = last(Event.PASSWORD_RESET)
    assert (entry.actor, entry.target_id) == (user, str(user.pk))
    assert NEW_PASSWORD not in str(list(Entry.objects.values()))


def test_an_accepted_invitation_and_a_password_change_are_recorded() -> None:
    user = users.create("new@example.com", "", "user", None)
    use(sent_link(), visitor=browser())
    assert last(Event.INVITATION_ACCEPTED).actor == user
    visitor = browser()
    sign_in(visitor, user.username, NEW_PASSWORD)
    visitor.send("account_change_password", oldpassword=NEW_PASSWORD, password1=PASSWORD, password2=PASSWORD)
    entry = last(Event.PASSWORD_CHANGED)
    assert (entry.actor, len(entry.credential_id)) == (user, 16)


def test_a_sign_in_on_the_command_line_names_the_program_its_address_and_the_token() -> None:
    visitor = browser()
    sign_in(visitor, UserFactory().username)
    exchange(confirm(visitor)["code"])
    (entry,) = trail(Event.CLI_SIGN_IN)
    assert (entry.address, entry.credential_id) == ("127.0.0.1", str(Token.objects.get().pk))
    assert entry.changes["given_to"][1] == "acme cli on port 51004"


def test_a_calendar_link_that_is_turned_on_is_an_event() -> None:
    visitor = browser()
    sign_in(visitor, UserFactory().username)
    visitor.send("tokens:calendar_on")
    assert last(Event.CALENDAR_LINK).changes == {"calendar_link": ["off", "on"]}


def test_an_api_token_in_the_user_agent_is_redacted() -> None:
    text = token_format.generate()
    Visitor(REMOTE_ADDR=ADDRESS, headers={"User-Agent": f"curl {text}"}).send("account_login", login="x", password="x")
    assert text[4:] not in str(list(Entry.objects.values()))
    assert "[redacted]" in trail(Event.SIGN_IN_FAILED)[0].user_agent


# Tokens that somebody else created


def caller_with(text: str) -> Caller:
    caller = Caller()
    caller.text = text
    return caller


def act_with(text: str) -> Entry:
    """What the audit trail keeps of a user that is created with the token `text`."""
    caller = caller_with(text)
    assert caller.call("POST", "/users", {"username": f"service-{text[-6:]}", "role": "user"}).status_code == 201
    return Entry.objects.filter(target_name=f"service-{text[-6:]}").get()


def test_what_a_token_does_names_it_and_who_else_created_it() -> None:
    ada, bob = AdministratorFactory(username="ada@example.com"), AdministratorFactory(username="bob@example.com")
    token, text = issue(bob, "nightly", actor=ada)
    known = act_with(text)
    assert (known.credential_id, known.credential_name, known.credential_hint) == (str(token.pk), "nightly", token.hint)
    assert (known.credential_owner, known.credential_created_by) == ("bob@example.com", "ada@example.com")
    assert act_with(issue(bob, "own", actor=bob)[1]).credential_created_by == ""


def test_a_token_that_was_created_with_somebody_elses_names_them_too() -> None:
    """Otherwise the administrator would create a second one with the first, and it would look like the owner's own."""
    ada, bob = AdministratorFactory(username="ada@example.com"), AdministratorFactory(username="bob@example.com")
    caller = caller_with(issue(bob, "first", actor=ada)[1])
    second = caller.call("POST", f"/users/{bob.username}/tokens", {"name": "second"}).json()["secret"]
    assert act_with(second).credential_created_by == "ada@example.com"
    delivery.deliver(timezone.now())
    assert [message.to for message in outbox.outbox] == [[bob.email], [bob.email]]
    assert "with the token first" in outbox.outbox[1].body


def test_a_person_gets_an_email_about_a_token_that_somebody_else_created() -> None:
    ada, bob = AdministratorFactory(username="ada@example.com"), UserFactory(username="bob@example.com")
    token, text = issue(bob, "nightly", actor=ada)
    assert delivery.deliver(timezone.now()) == (1, 0)
    (message,) = outbox.outbox
    assert message.to == ["bob@example.com"]
    for part in ("nightly", token.hint, "ada@example.com", f"{token.expires_on}", reverse("tokens:token", args=[token.pk])):
        assert part in message.body
        assert part in message.alternatives[0][0]
    assert text[4:36] not in str(message.message())


def test_there_is_an_email_of_ones_own_token_and_none_of_a_service_accounts() -> None:
    ada = AdministratorFactory()
    issue(ada, "own", actor=ada)
    issue(ServiceFactory(), "nightly", actor=ada)
    assert delivery.deliver(timezone.now()) == (1, 0)
    (message,) = outbox.outbox
    assert message.subject == "A new API token was created in Token Portal"
    assert "Created by: " + ada.username in message.body
    assert "for you" not in message.body


# The audit trail's page


def test_the_page_shows_events_and_filters_by_them() -> None:
    ada, bob = AdministratorFactory(username="ada@example.com"), AdministratorFactory(username="bob@example.com")
    token, text = issue(bob, "nightly", actor=ada)
    act_with(text)
    sign_in(browser(), ada.username, "wrong")
    operator = Visitor(UserFactory(role="operator"))
    assert f"nightly ({token.hint})" in operator.see("audit:list").column("By")
    by_token = operator.see("audit:entry", Entry.objects.filter(credential_kind="token").latest("pk").pk)
    assert "created by ada@example.com" in by_token.text
    (row,) = operator.see(f"{reverse('audit:list')}?event=sign_in_failed&address={ADDRESS}").rows
    assert row[1:3] == ["Failed sign-in", "Not signed in"]
    detail = operator.see("audit:entry", trail(Event.SIGN_IN_FAILED)[0].pk)
    assert AGENT in detail.text


def test_the_page_takes_as_many_queries_for_many_rows(django_assert_max_num_queries: Any) -> None:
    for _ in range(20):
        Visitor(UserFactory())
    operator = Visitor(UserFactory(role="operator"))
    with django_assert_max_num_queries(15):
        assert len(operator.see("audit:list").rows) == 21
