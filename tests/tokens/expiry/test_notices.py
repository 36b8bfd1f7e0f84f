"""Whom the scan tells of what, and that nobody is told the same thing twice."""

import pytest

from tests.clock import DAY, NOW
from tests.tokens.scans import OPS, SECURITY, configure, ending, scan, told
from tokens.models import Notice, Token

pytestmark = pytest.mark.django_db


def test_each_address_gets_one_mail_about_all_its_tokens() -> None:
    configure("15", f"{OPS};{SECURITY}")
    for name in ("a", "b", "c"):
        ending(5, name=name)
    run = scan()
    assert told(run) == {OPS: {"a", "b", "c"}, SECURITY: {"a", "b", "c"}}
    assert run.queued == 2


def test_nothing_new_sends_no_mail() -> None:
    configure("15", OPS)
    ending(5)
    scan()
    assert [told(scan(NOW + days * DAY)) for days in range(5)] == [{}] * 5


def test_a_token_that_becomes_due_later_is_told_alone() -> None:
    configure("15", OPS)
    ending(5, name="a")
    ending(17, name="b")
    assert told(scan()) == {OPS: {"a"}}
    assert told(scan(NOW + DAY)) == {}
    assert told(scan(NOW + 2 * DAY)) == {OPS: {"b"}}


def test_of_several_days_the_tightest_that_is_reached_counts_and_only_it() -> None:
    configure("30;7;1", OPS)
    for days in (31, 30, 8, 7, 2, 1, 0):
        ending(days, name=str(days))
    scan()
    assert {notice.token.name: notice.threshold for notice in Notice.objects.all()} == {"30": 30, "8": 30, "7": 7, "2": 7, "1": 1, "0": 1}


def test_each_later_threshold_is_told_again_once() -> None:
    configure("30;7;1", OPS)
    ending(40)
    days_of_mail = [day for day in (0, 9, 10, 11, 32, 33, 34, 38, 39, 40, 41) if told(scan(NOW + day * DAY))]
    assert days_of_mail == [10, 33, 39]


def test_thresholds_that_were_missed_are_not_told_afterwards() -> None:
    configure("30;7;1", OPS)
    ending(40)
    assert told(scan(NOW + 39 * DAY))
    assert told(scan(NOW + 40 * DAY)) == {}
    assert Notice.objects.get().threshold == 1


def test_raising_the_days_later_does_not_tell_again() -> None:
    configure("7", OPS)
    ending(5)
    scan()
    for days in ("30", "30;7", "365;30;7"):
        configure(days, OPS)
        assert told(scan()) == {}


def test_a_tighter_day_added_later_is_told_when_it_is_reached() -> None:
    configure("30", OPS)
    ending(5, name="a")
    scan()
    configure("30;7", OPS)
    assert told(scan()) == {OPS: {"a"}}
    assert told(scan()) == {}


def test_a_new_address_is_told_what_the_others_know() -> None:
    configure("15", OPS)
    ending(5, name="a")
    scan()
    configure("15", f"{OPS};{SECURITY}")
    assert told(scan()) == {SECURITY: {"a"}}


def test_an_address_that_was_away_is_not_told_again() -> None:
    configure("15", f"{OPS};{SECURITY}")
    ending(5)
    scan()
    configure("15", OPS)
    scan()
    configure("15", f"{OPS};{SECURITY}")
    assert told(scan()) == {}


def test_no_notice_of_a_token_that_is_revoked_before_its_time() -> None:
    configure("15", OPS)
    ending(20)
    scan()
    Token.objects.update(revoked_at=NOW)
    assert told(scan(NOW + 10 * DAY)) == {}


def test_a_notice_names_token_threshold_address_and_mail() -> None:
    configure("15", OPS)
    token = ending(5)
    run = scan()
    notice = Notice.objects.get()
    assert (notice.token, notice.threshold, notice.address, notice.message.about, notice.created_at) == (
        token,
        15,
        OPS,
        {"scan": run.pk},
        NOW,
    )
    assert (notice.message.state, notice.message.recipient) == ("queued", OPS)
