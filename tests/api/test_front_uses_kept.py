"""Uses that are easily lost: an address that a later use does not know, a count at its end, the next ones after something went wrong."""

import threading
from datetime import datetime
from uuid import UUID

import pytest
from django.db import DataError, OperationalError

from tests.api.test_front_uses import HOME, OFFICE, refused, used
from tests.clock import MINUTE, NOW, SECOND
from tests.factories import TokenFactory
from tests.processes.running import until
from tokens.models import Token
from tokens.verification import usage as uses
from tokens.verification.usage import Uses
from tokens.verification.usage_sql import MOST_COUNTED, AcceptedUses, RejectedUses


@pytest.fixture
def token_id(db: None) -> UUID:
    return TokenFactory().pk


@pytest.mark.parametrize("between", [[], [MINUTE]], ids=["in the buffer", "in the row"])
def test_a_use_without_an_address_leaves_the_one_that_was_noted_before(token_id: UUID, between: list) -> None:
    """Introspection does not know where the token was used; `/verify` did."""
    buffer = Uses()
    buffer.record_accepted(token_id, NOW, HOME)
    buffer.record_rejected(token_id, NOW, HOME)
    for after in between:
        buffer.flush(NOW + after)
    buffer.record_accepted(token_id, NOW + 2 * MINUTE, None)
    buffer.record_rejected(token_id, NOW + 2 * MINUTE, None)
    buffer.flush(NOW + 3 * MINUTE)
    assert used(token_id) == (NOW + 2 * MINUTE, HOME)
    assert refused(token_id) == (2, NOW + 2 * MINUTE, HOME)


def test_what_is_put_back_gives_its_address_to_a_newer_use_without_one(token_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer, other = Uses(), UUID(int=7)

    def down(*_: object) -> None:
        for address, each in ((None, token_id), (OFFICE, other)):
            buffer.record_accepted(each, NOW + SECOND, address)
            buffer.record_rejected(each, NOW + SECOND, address)
        raise OperationalError("gone")

    for each in (token_id, other):
        buffer.record_accepted(each, NOW, HOME)
        buffer.record_rejected(each, NOW, HOME)
    monkeypatch.setattr(uses, "write", down)
    assert buffer.flush(NOW + 2 * SECOND) is False
    assert buffer.accepted == {token_id.int: (NOW + SECOND, HOME), 7: (NOW + SECOND, OFFICE)}
    assert buffer.rejected == {token_id.int: (2, NOW + SECOND, HOME), 7: (2, NOW + SECOND, OFFICE)}


def test_a_count_of_refused_uses_stays_at_the_most_that_its_column_holds(token_id: UUID) -> None:
    Token.objects.filter(pk=token_id).update(refused_count=MOST_COUNTED - 2)
    buffer = Uses()
    for second in range(3):
        buffer.record_rejected(token_id, NOW + second * SECOND, HOME)
    assert buffer.flush(NOW + MINUTE) is True
    assert refused(token_id) == (MOST_COUNTED, NOW + 2 * SECOND, HOME)
    buffer.rejected[token_id.int] = (10 * MOST_COUNTED, NOW + MINUTE, OFFICE)
    assert buffer.flush(NOW + MINUTE) is True
    assert refused(token_id) == (MOST_COUNTED, NOW + MINUTE, OFFICE)


@pytest.mark.parametrize("error", [DataError("out of range"), ZeroDivisionError("a mistake of ours")], ids=repr)
def test_the_thread_logs_whatever_goes_wrong_and_writes_the_next_uses(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    written: list[set[int]] = []

    def write(good: AcceptedUses, refused: RejectedUses, before: datetime) -> tuple[set[int], set[int]]:
        written.append(set(good))
        if len(written) == 1:
            raise error
        return set(good), set(refused)

    monkeypatch.setattr(uses, "write", write)
    monkeypatch.setattr(uses, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(uses, "close_old_connections", lambda: None)
    buffer = Uses()
    thread = threading.Thread(target=buffer.run)
    thread.start()
    try:
        for number in (1, 2):
            buffer.record_accepted(UUID(int=number), NOW, HOME)
            until(lambda count=number: len(written) == count, "write", 5)
        assert thread.is_alive()
    finally:
        buffer.stop.set()
        thread.join()
    assert written == [{1}, {2}]  # the first one is lost, and keeps nothing back
    assert [record.getMessage().count("uses lost") for record in caplog.records] == [1]


def test_at_exit_a_row_that_is_locked_the_first_time_is_tried_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[AcceptedUses] = []

    def write(good: AcceptedUses, refused: RejectedUses, before: datetime) -> tuple[set[int], set[int]]:
        asked.append(good)
        return set(good) if len(asked) == 2 else set(), set()

    monkeypatch.setattr(uses, "write", write)
    monkeypatch.setattr(uses, "close_old_connections", lambda: None)
    buffer = Uses()
    buffer.record_accepted(UUID(int=1), uses.timezone.now(), HOME)
    buffer.finish()
    assert [set(good) for good in asked] == [{1}, {1}]
    assert buffer.accepted == {}


def test_two_tokens_of_one_slot_are_both_written_though_one_may_have_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[set[int]] = []
    monkeypatch.setattr(uses, "write", lambda good, refused, before: (written.append(set(good)), (set(good), set()))[1])
    buffer, one, other = Uses(), UUID(int=5), UUID(int=5 + uses.SLOTS)
    buffer.record_accepted(one, NOW, HOME)
    buffer.flush(NOW)
    buffer.record_accepted(other, NOW + SECOND, HOME)
    for second in (3, 59):
        buffer.flush(NOW + second * SECOND)
    assert written == [{one.int}]
    buffer.record_accepted(one, NOW + MINUTE, HOME)
    buffer.flush(NOW + MINUTE)
    assert written == [{one.int}, {one.int, other.int}]
