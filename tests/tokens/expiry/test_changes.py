"""Whatever happens between two scans, by whatever means: the next scan finds it."""

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from portal.faults import services as faults
from portal.faults.models import Fault
from portal.notifications.models import Message
from tests.clock import DAY, NOW, SECOND
from tests.factories import TokenFactory, UserFactory
from tests.racing import race
from tests.tokens.scans import OPS, configure, ending, open_faults, scan
from tokens.expiry import queries
from tokens.expiry import scan as expiry
from tokens.expiry.policy import Policy
from tokens.models import Notice, ScanRun, Token

pytestmark = pytest.mark.django_db
LATER = NOW + 900 * SECOND


@pytest.fixture(autouse=True)
def token() -> Token:
    """One that ends in 5 days, among others; a scan has seen them all."""
    configure("30;7", OPS, owners=True)
    token = ending(5, name="it", user=UserFactory(email="ana@example.com"))
    for days in (3, 20, 60):
        ending(days, name=f"in{days}")
    scan()
    return token


def change(token: Token, **values: object) -> None:
    Token.objects.filter(pk=token.pk).update(**values)


def change_owner(token: Token, **values: object) -> None:
    type(token.user).objects.filter(pk=token.user_id).update(**values)


def put_back(token: Token) -> None:
    change(token, revoked_at=NOW)
    scan()
    change(token, revoked_at=None)


def reactivate(token: Token) -> None:
    change_owner(token, is_active=False)
    scan()
    change_owner(token, is_active=True)


def fail_message(token: Token) -> None:
    Message.objects.filter(recipient=OPS).update(state=Message.State.FAILED)


# What happens to a token, and what the next scan does: due, raised, cleared, emails queued.
CHANGES: dict[str, tuple[Callable[[Token], Any], tuple[int, int, int, int]]] = {
    "new": (lambda token: ending(6, user__email=""), (4, 1, 0, 1)),
    "new, not due": (lambda token: ending(60), (3, 0, 0, 0)),
    "imported": (lambda token: Token.objects.bulk_create([TokenFactory.build(user=token.user, expires_at=NOW + DAY)]), (4, 1, 0, 2)),
    "extended": (lambda token: change(token, expires_at=NOW + 90 * DAY), (2, 0, 1, 0)),
    "shortened": (lambda token: change(Token.objects.get(name="in60"), expires_at=NOW + 9 * DAY), (4, 1, 0, 2)),
    "another threshold": (lambda token: change(Token.objects.get(name="in20"), expires_at=NOW + DAY), (3, 0, 0, 2)),
    "revoked": (lambda token: change(token, revoked_at=NOW), (2, 0, 1, 0)),
    "put back": (put_back, (3, 1, 0, 0)),
    "temporary": (lambda token: change(token, kind="temporary"), (2, 0, 1, 0)),
    "another owner": (lambda token: change(token, user=UserFactory(email="bo@example.com")), (3, 0, 0, 1)),
    "deleted": (lambda token: token.delete(), (2, 0, 1, 0)),
    "owner not active": (lambda token: change_owner(token, is_active=False), (2, 0, 1, 0)),
    "owner active again": (reactivate, (3, 1, 0, 0)),
    "owner's address": (lambda token: change_owner(token, email="new@example.com"), (3, 0, 0, 1)),
    "fault cleared": (lambda token: faults.clear_faults(Fault.objects.filter(key=token.pk.hex), NOW), (3, 1, 0, 0)),
    "fault deleted": (lambda token: Fault.objects.filter(key=token.pk.hex).delete(), (3, 1, 0, 0)),
    "fault of another source": (lambda token: Fault.objects.filter(key=token.pk.hex).update(source="other"), (3, 1, 0, 0)),
    "fault of no token": (lambda token: Fault.objects.filter(key=token.pk.hex).update(key="0" * 32), (3, 1, 1, 0)),
    "notice deleted": (lambda token: Notice.objects.filter(token=token, address=OPS).delete(), (3, 0, 0, 1)),
    "notice rewritten": (lambda token: Notice.objects.filter(token=token, address=OPS).update(threshold=30), (3, 0, 0, 1)),
    "message failed": (fail_message, (3, 0, 0, 1)),
    "nothing": (lambda token: None, (3, 0, 0, 0)),
}


@pytest.mark.parametrize(("happens", "expected"), CHANGES.values(), ids=CHANGES)
def test_the_next_scan_finds_each_change(token: Token, happens: Callable[[Token], Any], expected: tuple[int, ...]) -> None:
    happens(token)
    run = scan(LATER)
    assert (run.due, run.raised, run.cleared, run.queued) == expected
    assert nothing_is_left(LATER)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (3, (3, 0, 0, 0)),
        (4, (2, 0, 1, 0)),
        (6, (1, 0, 2, 0)),
        (13, (1, 0, 2, 2)),
        (21, (0, 0, 3, 0)),
        (30, (1, 1, 3, 2)),
        (61, (0, 0, 3, 0)),
    ],
)
def test_the_next_scan_finds_what_time_has_changed(days: int, expected: tuple[int, ...]) -> None:
    """However long it was: tokens expired, one came to 7 days, one to 30."""
    run = scan(NOW + days * DAY)
    assert (run.due, run.raised, run.cleared, run.queued) == expected
    assert nothing_is_left(NOW + days * DAY)


def nothing_is_left(now: Any) -> bool:
    policy = Policy.current()
    due = queries.due(policy, now)
    found = queries.compare(due, queries.SOURCE)
    return found == (found.tokens, 0, 0) and not any(queries.unnotified(each).exists() for each in queries.with_recipients(due, policy))


def test_a_fault_too_many_and_one_too_few_do_not_cancel_out(token: Token) -> None:
    Fault.objects.filter(key=token.pk.hex).update(key="0" * 32)
    assert queries.compare(queries.due(Policy.current(), NOW), queries.SOURCE) == (3, 1, 1)


def test_an_address_spelled_differently_is_read_once_more_and_not_notified(token: Token) -> None:
    configure("30;7", OPS.upper(), owners=True)
    due = queries.due(Policy.current(), NOW)
    assert queries.may_be_unnotified(due, due.count(), Policy.current())
    assert scan(LATER).queued == 0


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_after_a_scan_has_read_is_found_by_the_next(token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    finish, late = expiry.finish, Notice.objects.filter(token=token, address=OPS)

    def delete_first(*args: Any) -> None:
        race(late.delete)
        finish(*args)

    with monkeypatch.context() as patch:
        patch.setattr(expiry, "finish", delete_first)
        scan(LATER)
    assert not late.exists()
    scan(LATER)
    assert late.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_not_yet_committed_is_found_later(token: Token) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one transaction write at a time")
    written, scanned = Event(), Event()

    def revoke() -> None:
        with transaction.atomic():
            change(token, revoked_at=NOW)
            written.set()
            assert scanned.wait(10)

    def scan_meanwhile() -> ScanRun:
        assert written.wait(10)
        change(Token.objects.get(name="in3"), revoked_at=NOW)
        try:
            return scan(LATER)
        finally:
            scanned.set()

    _, run = race(revoke, scan_meanwhile)
    assert run.cleared == 1
    assert scan(LATER).cleared == 1
    assert open_faults() == {"in20"}
