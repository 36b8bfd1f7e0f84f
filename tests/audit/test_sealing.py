"""Entries get their place in the chain once they are committed, in order and without gaps."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from structlog.testing import capture_logs

from portal.audit import heads, sealing, sealing_sql
from portal.audit import services as audit
from portal.audit.chain import COLUMNS, START, hash_of
from portal.audit.models import AppendOnly, Entry, Head
from portal.audit.repetitions import count
from portal.audit.rows import target_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def entry(at: datetime = NOW, **columns: Any) -> Entry:
    return Entry.objects.create(
        **{"at": at, "event": "user.changed", "target_kind": "user", "target_id": "7", "target_name": "olga@example.com"} | columns
    )


def sequences() -> list[int | None]:
    return list(Entry.objects.order_by("pk").values_list("sequence", flat=True))


def test_each_entry_is_hashed_with_the_hash_before_it() -> None:
    entries = [entry(NOW + number * MINUTE, changes={"role": ["user", "operator"]}, address="2001:DB8::1") for number in range(3)]
    assert sealing.seal(NOW + MINUTE * 9) == 3
    previous = START
    for number, values in enumerate(Entry.objects.order_by("sequence").values_list(*COLUMNS), 1):
        stored = Entry.objects.get(pk=entries[number - 1].pk)
        assert (stored.sequence, bytes(stored.previous_hash or b"")) == (number, previous)
        assert bytes(stored.hash or b"") == hash_of(previous, values)
        previous = hash_of(previous, values)
    head = Head.objects.get(closed_at=None)
    assert (head.day, head.sequence, bytes(head.hash)) == (NOW.date(), 3, previous)
    assert heads.is_signed(head)


def test_the_hash_covers_every_column() -> None:
    known = {field.attname for field in Entry._meta.concrete_fields}
    assert set(COLUMNS) == known - {"hash", "previous_hash"}


def test_what_is_committed_later_comes_later_in_the_chain() -> None:
    entry(NOW)
    sealing.seal(NOW + DAY)
    entry(NOW - MINUTE)
    sealing.seal(NOW + DAY)
    assert sequences() == [1, 2]


def test_the_oldest_of_many_entries_are_sealed_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 2)
    for minutes in (3, 1, 2):
        entry(NOW + minutes * MINUTE)
    assert [sealing.seal(NOW + DAY) for _ in range(3)] == [2, 1, 0]
    assert sequences() == [3, 1, 2]


def test_the_head_of_each_day_is_signed_and_logged() -> None:
    entry(NOW)
    entry(NOW + DAY)
    with capture_logs() as lines:
        sealing.seal(NOW + 3 * DAY)
    found = list(Head.objects.order_by("day").values_list("day", "sequence", "is_start"))
    days = [(NOW + number * DAY).date() for number in (0, 1, 3)]
    assert found == [(date(1970, 1, 1), 0, True), (days[0], 1, False), (days[1], 2, False), (days[2], 2, False)]
    assert all(heads.is_signed(head) for head in Head.objects.all())
    assert Head.objects.filter(closed_at=None).count() == 1
    del lines  # written on commit, which this test's transaction never does


def test_an_entry_of_the_future_does_not_close_today() -> None:
    entry(NOW + 400 * DAY)
    sealing.seal(NOW)
    assert Head.objects.latest("day").day == NOW.date()


def test_a_count_is_sealed_once_its_window_is_over() -> None:
    user = UserFactory()
    audit.event(audit.Event.SIGN_IN_FAILED, None, user)
    first = Entry.objects.get()
    about, since = target_of(user), first.at - 10 * MINUTE
    assert [count(first.event, about, None, since, first.at + seconds * MINUTE / 60) for seconds in (1, 2)] == [True, True]
    sealing.seal(first.at + MINUTE)
    assert list(Entry.objects.order_by("pk").values_list("count", "sequence")) == [(1, 1), (2, None)]
    again = Entry.objects.get(sequence=None)
    sealing.seal(again.open_until or NOW)
    assert sequences() == [1, 2]


def test_repetitions_are_counted_in_one_entry_although_the_clock_was_set_back() -> None:
    user = UserFactory()
    audit.event(audit.Event.SIGN_IN_FAILED, None, user)
    first = Entry.objects.get()
    now = first.at - 60 * MINUTE
    for seconds in (1, 2, 3):
        assert count(first.event, target_of(user), None, now - 10 * MINUTE, now + seconds * MINUTE / 60)
    again = Entry.objects.exclude(pk=first.pk).get()
    assert again.count == 3
    assert again.open_until
    assert again.open_until <= now + 11 * MINUTE


def test_no_entry_that_is_stored_can_be_changed_or_deleted() -> None:
    stored = entry()
    for attempt in (stored.save, stored.delete, Entry.objects.all().delete, lambda: Entry.objects.update(event="x")):
        with pytest.raises(AppendOnly):
            attempt()
    assert Entry.objects.get().event == "user.changed"


def test_an_entry_that_changes_while_it_is_sealed_is_not_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    entry()
    store = sealing_sql.store

    def count_first(rows: list[sealing_sql.Sealed]) -> None:
        QuerySet(Entry).update(count=2)
        store(rows)

    monkeypatch.setattr(sealing_sql, "store", count_first)
    with pytest.raises(sealing_sql.Changed):
        sealing.seal(NOW)
    assert sequences() == [None]
