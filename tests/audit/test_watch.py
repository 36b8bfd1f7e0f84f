"""Faults say that the audit trail is not sealed, or not as it was sealed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import QuerySet

from portal.audit import sealing
from portal.audit.models import Entry, Head
from portal.audit.stream.models import Target
from portal.faults import audit_watch
from portal.faults.models import Fault
from settings_app import services as config
from tests.audit.test_sealing import entry
from tokens import cleanup

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def open_faults() -> list[str]:
    return list(Fault.objects.open().values_list("name", flat=True))


def test_a_sealer_that_fails_raises_a_fault_until_it_works_again() -> None:
    entry(NOW - 14 * MINUTE)
    audit_watch.check(NOW)
    assert open_faults() == []
    for _ in range(2):
        audit_watch.check(NOW + 2 * MINUTE)
        assert open_faults() == ["Audit trail not sealed"]
    sealing.seal(NOW + 3 * MINUTE)
    audit_watch.check(NOW + 4 * MINUTE)
    assert open_faults() == []


def test_entries_of_earlier_releases_have_hours() -> None:
    entry(NOW)
    entry(NOW - 9 * DAY, former_id=1)
    audit_watch.check(NOW + 5 * 60 * MINUTE)
    assert open_faults() == []
    audit_watch.check(NOW + 7 * 60 * MINUTE)
    assert open_faults() == ["Audit trail not sealed"]


def test_a_trail_that_was_changed_raises_one_fault_that_names_the_entry() -> None:
    for number in range(4):
        entry(NOW + number * DAY)
    sealing.seal(NOW + 4 * DAY)
    audit_watch.verify(NOW)
    assert open_faults() == []
    QuerySet(Entry).filter(sequence=2).update(event="x")
    for _ in range(2):
        audit_watch.verify(NOW)
    assert "Entry 2 (id " in Fault.objects.get().description


@pytest.mark.parametrize("deleted", ["heads", "everything"])
def test_a_trail_that_was_deleted_raises_a_fault(deleted: str) -> None:
    entry(NOW)
    sealing.seal(NOW)
    Target.objects.create(name="https siem:443", delivered=1, next_attempt_at=NOW)
    Head.objects.all().delete()
    if deleted == "everything":
        QuerySet(Entry).delete()
        sealing.seal(NOW)
    audit_watch.verify(NOW)
    assert open_faults() == ["Audit trail changed"]


def test_the_latest_days_are_verified_first_and_only_for_so_long() -> None:
    for number in range(3):
        entry(NOW + number * DAY)
    sealing.seal(NOW + 3 * DAY)
    QuerySet(Entry).update(event="x")
    audit_watch.verify(NOW, seconds=0)
    assert open_faults() == []
    Head.objects.filter(number=1).update(sequence=99)
    audit_watch.verify(NOW, seconds=0)
    assert open_faults() == ["Audit trail changed"], "heads are always verified"


def test_cleaning_up_prunes_what_config_says() -> None:
    for number in range(3):
        entry(NOW + number * 100 * DAY)
    sealing.seal(NOW + 250 * DAY)
    cleanup.clean_up(NOW + 250 * DAY)
    assert Entry.objects.count() == 3
    config.add("audit_days", "90", None)
    cleanup.clean_up(NOW + 250 * DAY)
    assert list(Entry.objects.exclude(sequence=None).values_list("sequence", flat=True)) == [3]
