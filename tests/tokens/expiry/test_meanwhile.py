"""What happens to a token between the scan that queues a mail and the moment at which the mail is sent."""

from collections.abc import Callable

import pytest

from portal.core.actors import Actor
from portal.notifications.models import Message
from portal.users import services as users
from tests.clock import DAY, NOW
from tests.factories import AdministratorFactory, UserFactory
from tests.tokens.scans import OPS, SECURITY, Sent, configure, deliver, ending, many_ending, open_faults, scan, states, told
from tokens import services
from tokens.models import Notice, Token

pytestmark = pytest.mark.django_db
LATER = NOW + 10 * DAY


def revoke(token: Token) -> None:
    services.revoke(token, None, NOW)


def replace(token: Token) -> None:
    """It expires, and a new one takes its name."""
    services.issue(token.user, token.name, None, None, LATER)


def put_off(token: Token) -> None:
    Token.objects.filter(pk=token.pk).update(expires_at=LATER + 100 * DAY)


def deactivate(token: Token) -> None:
    users.deactivate(token.user, Actor(AdministratorFactory()))


CHANGES = [revoke, replace, put_off, deactivate]


@pytest.fixture(autouse=True)
def _configured() -> None:
    configure("15", OPS)


def names(mails: list[Sent]) -> list[str]:
    return [name for name in ("changed", "other") if any(f"{name} (tpp_…" in mail.text for mail in mails)]


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_no_longer_to_tell_is_left_out(change: Callable[[Token], None]) -> None:
    token = ending(5, name="changed")
    ending(6, name="other")
    scan()
    change(token)
    mails = deliver(LATER)
    assert names(mails) == ["other"]
    assert mails[0].subject.startswith("API token other of ")
    assert [notice.token.name for notice in Notice.objects.all()] == ["other"]
    assert states() == {OPS: "sent"}


@pytest.mark.parametrize("change", CHANGES)
def test_a_mail_with_nothing_left_to_tell_is_not_sent(change: Callable[[Token], None]) -> None:
    token = ending(5)
    scan()
    change(token)
    assert deliver(LATER) == []
    assert states() == {}
    assert not Message.objects.exists()
    assert not Notice.objects.exists()
    assert deliver(LATER) == []


def test_the_mails_to_others_are_sent_all_the_same() -> None:
    owner = UserFactory(email="owner@example.com")
    configure("15", OPS, owners=True)
    token = ending(5, name="changed", user=owner)
    ending(5, name="other")
    scan()
    revoke(token)
    assert sorted(mail.to for mail in deliver()) == sorted([OPS, Token.objects.get(name="other").user.email])
    assert "owner@example.com" not in states()


def test_what_was_left_out_is_told_when_it_becomes_due_again() -> None:
    token = ending(5, name="changed")
    ending(6, name="other")
    scan()
    put_off(token)
    assert names(deliver(LATER)) == ["other"]
    assert told(scan(LATER)) == {}
    again = LATER + 90 * DAY
    assert told(scan(again)) == {OPS: {"changed"}}
    assert names(deliver(again)) == ["changed"]
    assert told(scan(again)) == {}


def test_an_owner_who_comes_back_is_told_of_again() -> None:
    token = ending(5)
    scan()
    type(token.user).objects.update(is_active=False)
    assert deliver() == []
    type(token.user).objects.update(is_active=True)
    assert told(scan()) == {OPS: {token.name}}


@pytest.mark.usefixtures("in_utc")
def test_a_token_put_off_within_the_same_days_is_told_with_its_new_end() -> None:
    token = ending(5)
    scan()
    Token.objects.filter(pk=token.pk).update(expires_at=token.expires_at + 3 * DAY)
    (mail,) = deliver()
    assert "2026-11-29 23:59 UTC, in 8 days" in mail.text


def test_a_token_put_off_past_its_threshold_is_told_at_the_looser_one_by_the_next_scan() -> None:
    configure("30;7", OPS)
    token = ending(5)
    scan()
    Token.objects.filter(pk=token.pk).update(expires_at=token.expires_at + 10 * DAY)
    assert deliver() == []
    assert told(scan()) == {OPS: {token.name}}
    assert token.notices.get().threshold == 30
    assert len(deliver()) == 1


def test_a_token_that_expired_is_told_of_all_the_same() -> None:
    ending(0, name="changed")
    scan()
    assert names(deliver(NOW + DAY)) == ["changed"]


def test_a_change_of_the_days_does_not_take_back_what_is_on_its_way() -> None:
    ending(5, name="changed")
    scan()
    configure("1", OPS)
    assert names(deliver()) == ["changed"]


@pytest.mark.parametrize("emails", ["", SECURITY])
def test_an_address_that_was_taken_out_of_config_gets_nothing_and_is_told_when_it_comes_back(emails: str) -> None:
    ending(5, name="changed")
    scan()
    configure("15", emails)
    assert deliver() == []
    assert states() == {}
    configure("15", OPS)
    assert told(scan()) == {OPS: {"changed"}}
    assert names(deliver()) == ["changed"]


def test_an_address_that_is_now_written_in_other_letters_gets_its_mail() -> None:
    ending(5, name="changed")
    scan()
    configure("15", OPS.upper())
    assert names(deliver()) == ["changed"]
    assert told(scan()) == {}


def test_owners_who_are_told_no_more_get_nothing_of_what_waits() -> None:
    configure("15", OPS, owners=True)
    ending(5, name="changed", user=UserFactory(email="owner@example.com"))
    scan()
    configure("15", OPS)
    assert [mail.to for mail in deliver()] == [OPS]
    assert "owner@example.com" not in states()


def test_the_two_hundred_that_are_listed_are_counted_after_what_is_left_out() -> None:
    tokens = many_ending([5] * 203, UserFactory())
    scan()
    Token.objects.filter(pk__in=[token.pk for token in tokens[:2]]).update(revoked_at=NOW)
    (mail,) = deliver()
    assert mail.subject == "201 API tokens expire soon"
    assert mail.text.count("UTC, in 5 days") == 200
    assert "and 1 more" in mail.text
    assert not {"t00000", "t00001"} & set(mail.text.split())


def test_mails_that_two_scans_queued_each_tell_their_own() -> None:
    configure("15", f"{OPS};{SECURITY}")
    ending(5, name="changed")
    scan()
    ending(6, name="other")
    scan()
    mails = deliver()
    assert sorted((mail.to, *names([mail])) for mail in mails) == sorted(
        (to, name) for to in (OPS, SECURITY) for name in ("changed", "other")
    )
    assert Message.objects.filter(state="sent").count() == 4


def test_a_revoked_tokens_fault_is_gone_before_its_mail_would_be() -> None:
    token = ending(5)
    scan()
    revoke(token)
    assert open_faults() == set()
