"""A scan works in batches, each a transaction: killed at any point, it is followed by one that does the rest."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.db import transaction

from portal.faults.models import Fault
from portal.notifications.models import Message
from tests.clock import NOW, SECOND
from tests.factories import ServiceFactory, UserFactory
from tests.tokens.scans import OPS, SECURITY, configure, deliver, ending, many_ending, scan, told
from tokens.expiry import queries
from tokens.expiry import scan as expiry
from tokens.expiry.lease import LEASE
from tokens.expiry.policy import Policy
from tokens.models import Notice, ScanRun, Token

pytestmark = pytest.mark.django_db
ANA = "ana@example.com"
SIZE = 7


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL. (The run is not closed.)"""


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def tokens(clock: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """29 new due tokens on three days, one known already; three faults to clear."""
    configure("15", f"{OPS};{SECURITY}", owners=True)
    robot = ServiceFactory()
    gone = [ending(3, name=f"gone{number}", user=robot) for number in range(3)]
    ending(3, name="known", user=robot)
    scan()
    deliver()
    Token.objects.filter(pk__in=[token.pk for token in gone]).update(revoked_at=NOW)
    many_ending([number % 3 + 1 for number in range(15)], UserFactory(email=ANA))
    for number in range(14):
        ending(number % 3 + 1, user=robot)
    monkeypatch.setattr(expiry, "BATCH", SIZE)


def state() -> dict[str, Any]:
    """All that scans leave, without the rows' ids."""
    faults = Fault.objects.values_list("source", "key", "name", "resource", "description", "severity", "raised_at", "cleared_at")
    notices = Notice.objects.values_list("token__name", "threshold", "address", "message__recipient", "created_at")
    messages = Message.objects.values_list("recipient", "state", "next_attempt_at")
    return {"faults": sorted(faults, key=str), "notices": sorted(notices), "messages": sorted(messages)}


@pytest.fixture
def in_one_batch(tokens: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    with monkeypatch.context() as patch, transaction.atomic():
        patch.setattr(expiry, "BATCH", 50_000)
        run = scan()
        assert (run.due, run.raised, run.cleared, run.queued, run.error) == (30, 29, 3, 3, "")
        result = state()
        transaction.set_rollback(True)
    return result


def kill(monkeypatch: pytest.MonkeyPatch, step: str, call: int = 1, error: type[BaseException] = Killed) -> list[int]:
    """Ends a scan at the end of its `call`-th `step`, in the middle of its transaction. Returns a list that grows with each call."""
    calls: list[int] = []
    module = expiry.faults if hasattr(expiry.faults, step) else expiry.notices
    original: Callable[..., Any] = getattr(module, step)

    def fail(*args: Any) -> Any:
        calls.append(1)
        result = original(*args)
        if len(calls) == call:
            raise error
        return result

    monkeypatch.setattr(module, step, fail)
    return calls


def test_batches_do_what_one_transaction_would_have_done(in_one_batch: dict[str, Any]) -> None:
    run = scan()
    assert (run.due, run.raised, run.cleared, run.queued, run.error) == (30, 29, 3, 3, "")
    assert state() == in_one_batch
    assert set(told(run)) == {OPS, SECURITY, ANA}
    assert told(scan()) == {}


def test_each_due_token_is_in_one_batch_and_none_has_too_many() -> None:
    due = queries.due(Policy.current(), NOW)
    batches = [list(batch.values_list("pk", flat=True)) for batch in queries.batches(due, SIZE)]
    assert [len(batch) for batch in batches] == [SIZE] * 4 + [2]
    assert sorted(pk for batch in batches for pk in batch) == sorted(due.values_list("pk", flat=True))
    assert [batch.count() for batch in queries.batches(due, 10)] == [10, 10, 10, 0]


@pytest.mark.parametrize(("step", "call"), [("raise_due", 3), ("write", 1), ("write", 5), ("clear_due", 1), ("release", 1)])
def test_after_a_kill_the_next_scan_does_the_rest(
    step: str, call: int, in_one_batch: dict[str, Any], monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller
) -> None:
    with monkeypatch.context() as patch:
        kill(patch, step, call)
        with pytest.raises(Killed):
            scan()
    done = min(call - 1, 4) * SIZE if step in {"raise_due", "write"} else 29
    assert Fault.objects.open().filter(source="token-expiry").exclude(key__in=revoked()).count() in {done, done + 1}
    assert scan() is None
    clock.shift(LEASE + SECOND)
    run = scan()
    clock.shift(-LEASE - SECOND)
    assert run.error == ""
    assert without_times(state()) == without_times(in_one_batch)
    assert sorted(mail.to for mail in deliver()) == sorted([OPS, SECURITY, ANA])


def revoked() -> list[str]:
    return [pk.hex for pk in Token.objects.exclude(revoked_at=None).values_list("pk", flat=True)]


def without_times(state: dict[str, Any]) -> dict[str, Any]:
    return state | {"messages": [message[:2] for message in state["messages"]]}


def test_what_a_killed_scan_queued_is_sent_even_if_no_other_scan_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    kill(monkeypatch, "write", 3)
    with pytest.raises(Killed):
        scan()
    assert deliver() == []
    mails = deliver(NOW + LEASE)
    assert {mail.to for mail in mails} >= {OPS, SECURITY}
    assert Notice.objects.filter(address=OPS, message__state="sent").count() == 4 + 2 * SIZE


def test_an_error_ends_the_scan_and_the_next_one_does_only_the_rest(in_one_batch: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        kill(patch, "write", 3, ZeroDivisionError)
        with pytest.raises(ZeroDivisionError):
            scan()
    failed = ScanRun.objects.get(error="ZeroDivisionError")
    run = scan()
    assert failed.raised + run.raised == 29
    assert state() == in_one_batch


def test_a_change_of_config_after_a_kill_is_applied_to_all_tokens(monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller) -> None:
    with monkeypatch.context() as patch:
        kill(patch, "write", 3)
        with pytest.raises(Killed):
            scan()
    configure("15", "new@example.com")
    clock.shift(LEASE + SECOND)
    expiry.scan(NOW, "config")
    assert Notice.objects.filter(address="new@example.com").count() == 30
    assert [mail.to for mail in deliver(NOW + LEASE + SECOND)] == ["new@example.com"]


def test_a_message_that_a_worker_has_begun_to_send_gets_no_more_notices() -> None:
    run = scan()
    Message.objects.filter(about__scan=run.pk).update(attempts=1, state="sending")
    ending(6, name="later")
    later = scan()
    assert told(later)[OPS] == told(later)[SECURITY] == {"later"}
    assert "later" not in told(run)[OPS]
