"""A scan looks only at what changed since the last one, and finds all the same what a look at everything would find."""

from collections.abc import Callable
from datetime import datetime
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
from tokens.expiry import changes
from tokens.expiry.find import Found, find
from tokens.expiry.policy import Rules
from tokens.expiry.queries import Look
from tokens.models import Change, Notice, ScanRun, Token

pytestmark = pytest.mark.django_db
LATER = NOW + 900 * SECOND


@pytest.fixture(autouse=True)
def token() -> Token:
    """One that ends in 5 days, among others; a scan has seen them all."""
    configure("30;7", OPS, owners=True)
    owner = UserFactory(email="ana@example.com")
    token = ending(5, name="it", user=owner)
    for days in (3, 20, 60):
        ending(days, name=f"in{days}")
    scan()
    return token


def left_over(now: datetime) -> Found:
    """What a look at everything would still find."""
    return find(Look(Rules.current(), now))


def change(token: Token, **values: object) -> None:
    Token.objects.filter(pk=token.pk).update(**values)


def change_owner(token: Token, **values: object) -> None:
    type(token.user).objects.filter(pk=token.user_id).update(**values)


def save_owner(token: Token) -> None:
    token.user.email = "new@example.com"
    token.user.save()


def put_back(token: Token) -> None:
    change(token, revoked_at=NOW)
    scan()
    change(token, revoked_at=None)


def activate(token: Token) -> None:
    change_owner(token, is_active=False)
    scan()
    change_owner(token, is_active=True)


def delete(token: Token) -> None:
    """Its notices went before it, and were no news any more."""
    Notice.objects.filter(token=token).delete()
    Change.objects.all().delete()
    token.delete()


def give_up_mail(token: Token) -> None:
    Message.objects.filter(recipient=OPS).update(state=Message.State.FAILED)


# What happens to a token, and what the next scan makes of it: due, raised, cleared, mails queued.
CHANGES: dict[str, tuple[Callable[[Token], Any], tuple[int, int, int, int]]] = {
    "new": (lambda token: ending(6, user__email=""), (4, 1, 0, 1)),
    "new, not due": (lambda token: ending(60), (3, 0, 0, 0)),
    "many new at once": (
        lambda token: Token.objects.bulk_create([TokenFactory.build(user=token.user, expires_at=NOW + DAY)]),
        (4, 1, 0, 2),
    ),
    "extended": (lambda token: change(token, expires_at=NOW + 90 * DAY), (2, 0, 1, 0)),
    "nearer": (lambda token: change(Token.objects.get(name="in60"), expires_at=NOW + 9 * DAY), (4, 1, 0, 2)),
    "another threshold": (lambda token: change(Token.objects.get(name="in20"), expires_at=NOW + DAY), (3, 0, 0, 2)),
    "revoked": (lambda token: change(token, revoked_at=NOW), (2, 0, 1, 0)),
    "put back": (put_back, (3, 1, 0, 0)),
    "temporary": (lambda token: change(token, kind="temporary"), (2, 0, 1, 0)),
    "another owner": (lambda token: change(token, user=UserFactory(email="bo@example.com")), (3, 0, 0, 1)),
    "deleted": (delete, (2, 0, 1, 0)),
    "owner not active": (lambda token: change_owner(token, is_active=False), (2, 0, 1, 0)),
    "owner active again": (activate, (3, 1, 0, 0)),
    "owner's address": (lambda token: change_owner(token, email="new@example.com"), (3, 0, 0, 1)),
    "owner saved": (save_owner, (3, 0, 0, 1)),
    "fault cleared": (lambda token: faults.clear_faults(Fault.objects.filter(key=token.pk.hex), NOW), (3, 1, 0, 0)),
    "fault deleted": (lambda token: Fault.objects.filter(key=token.pk.hex).delete(), (3, 1, 0, 0)),
    "fault of another source": (lambda token: Fault.objects.filter(key=token.pk.hex).update(source="other"), (3, 1, 0, 0)),
    "notice deleted": (lambda token: Notice.objects.filter(token=token, address=OPS).delete(), (3, 0, 0, 1)),
    "mail given up": (give_up_mail, (3, 0, 0, 1)),
    "nothing": (lambda token: None, (3, 0, 0, 0)),
}


@pytest.mark.parametrize(("happens", "expected"), CHANGES.values(), ids=CHANGES)
def test_a_scan_sees_each_change_without_looking_at_everything(
    token: Token, looks: list[str], happens: Callable[[Token], Any], expected: tuple[int, ...]
) -> None:
    happens(token)
    looks.clear()
    run = scan(LATER)
    assert (run.due, run.raised, run.cleared, run.queued) == expected
    assert looks == ["changes"]
    assert left_over(LATER).changes == 0


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
def test_a_scan_sees_what_time_does(token: Token, looks: list[str], days: int, expected: tuple[int, ...]) -> None:
    """However long it was: tokens ended, one came to 7 days and was told of once more, one came to 30."""
    when = NOW + days * DAY
    ScanRun.objects.exclude(rules="").update(complete_at=when)
    looks.clear()
    run = scan(when)
    assert (run.due, run.raised, run.cleared, run.queued) == expected
    assert looks == ["changes"]
    assert left_over(when).changes == 0


def test_a_use_of_a_token_is_no_change(token: Token) -> None:
    """Verification must not pay for the scan."""
    change(token, last_used_at=NOW, refused_at=NOW, refused_count=1, name="renamed")
    change_owner(token, display_name="Ana", session_stamp="another")
    token.refresh_from_db()
    token.save()
    token.user.save()
    of_session = TokenFactory(kind="temporary")
    change(of_session, revoked_at=NOW)
    of_session.delete()
    assert not Change.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_while_a_scan_looks_is_seen_by_the_next(token: Token, looks: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets nobody write while a scan looks")
    take, late = changes.take, Notice.objects.filter(token=token, address=OPS)

    def slow(*args: Any) -> Any:
        since = take(*args)
        race(late.delete)
        return since

    scan(LATER)
    with monkeypatch.context() as patch:
        patch.setattr(changes, "take", slow)
        scan(LATER)
    assert Change.objects.count() == 1
    assert not late.exists()
    looks.clear()
    scan(LATER)
    assert late.count() == 1
    assert looks == ["changes"]


@pytest.mark.django_db(transaction=True)
def test_one_that_is_not_yet_committed_is_not_lost(token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row may have a lower number than rows that were taken before it was there to see."""
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


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_while_the_changes_are_taken_is_taken_or_stays(token: Token, looks: list[str]) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets nobody write while a scan looks")
    scan(LATER)
    change(Token.objects.get(name="in3"), revoked_at=NOW)
    done: list[str] = []

    def revoke_after_taking(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if "tokens_change" in sql and not done:
            done.append(sql)
            race(lambda: change(token, revoked_at=NOW))
        return result

    with connection.execute_wrapper(revoke_after_taking):
        scan(LATER)
    assert done
    assert Change.objects.filter(key=token.pk.hex).exists()
    scan(LATER)
    assert open_faults() == {"in20"}
