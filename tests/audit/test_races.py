"""Many write at once, and several processes seal: each entry gets one place, and a reader of the feed misses none."""

import time
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from portal.audit import repetitions, sealing, verification
from portal.audit import services as audit
from portal.audit.models import Entry, Head
from portal.audit.rows import target_of
from tests.factories import UserFactory
from tests.racing import race

RUNS_ON = "postgres"
# SQLite has one lock for the whole database, for which everybody waits.
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="of PostgreSQL alone: in the other half of `make test`"),
]


def test_entries_of_slow_and_fast_transactions_are_sealed_once_and_no_reader_misses_one() -> None:
    user, done = UserFactory(), Event()
    seen: list[int] = []

    def write(pause: float) -> None:
        for number in range(15):
            with transaction.atomic():
                audit.record(None, user, audit.UPDATE, display_name=("", str(number)))
                time.sleep(pause)

    def seal() -> None:
        while not done.is_set():
            sealing.seal_all(timezone.now())

    def follow() -> None:
        end, after = time.monotonic() + 50, 0
        while len(seen) < 45 and time.monotonic() < end:
            found = list(Entry.objects.filter(sequence__gt=after).order_by("sequence").values_list("pk", "sequence"))
            seen.extend(pk for pk, _ in found)
            after = found[-1][1] if found else after
        done.set()

    race(lambda: write(0.02), lambda: write(0.005), lambda: write(0), seal, seal, follow)
    assert len(seen) == len(set(seen)) == 45
    assert list(Entry.objects.order_by("sequence").values_list("sequence", flat=True)) == list(range(1, 46))
    assert list(verification.verify()) == []


def test_two_processes_begin_one_chain() -> None:
    def begin() -> Any:
        return sealing.seal(timezone.now())

    results = race(begin, begin, begin)
    assert all(result in (0, None) for result in results), results
    assert Head.objects.filter(closed_at=None).count() == 1


def test_whoever_finds_the_chain_locked_leaves_it_to_the_other() -> None:
    sealing.seal(timezone.now())
    with transaction.atomic():
        Head.objects.select_for_update().get(closed_at=None)
        assert race(lambda: sealing.seal(timezone.now()), lambda: sealing.seal_all(timezone.now())) == [None, False]


def test_repetitions_at_the_same_time_are_counted_in_one_entry() -> None:
    user = UserFactory()
    audit.event(audit.Event.SIGN_IN_FAILED, None, user)
    now = timezone.now()

    def again() -> bool:
        return repetitions.count("sign_in_failed", target_of(user), None, now - timedelta(minutes=10), timezone.now())

    assert race(*[again] * 6) == [True] * 6
    assert list(Entry.objects.order_by("pk").values_list("count", flat=True)) == [1, 6]


def test_recording_waits_for_no_sealer() -> None:
    """The sealer's transaction is open, with the chain locked and entries sealed; a request records meanwhile."""
    user = UserFactory()
    audit.record(None, user, audit.UPDATE, display_name=("", "a"))
    with transaction.atomic():
        sealing.seal(timezone.now())

        def record() -> int:
            with connections["default"].cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
            audit.record(None, user, audit.UPDATE, display_name=("a", "b"))
            return 1

        assert race(record) == [1]
