"""A change of the audit trail in the database is found, with the entry that it was."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F, QuerySet
from pytest_django import Settings
from structlog.testing import capture_logs

from portal.audit import heads, pruning, sealing, verification
from portal.audit.chain import COLUMNS, START, hash_of
from portal.audit.models import Entry, Head
from portal.audit.stream.models import Target
from portal.env.urls import Address
from tests.audit.test_sealing import entry

RUNS_ON = "postgres"
pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
TODAY = NOW + 2 * DAY


@pytest.fixture
def entries() -> QuerySet[Entry]:
    """Six entries on three days, sealed; as somebody sees them who writes into the database."""
    for number in range(6):
        entry(NOW + number // 2 * DAY + number * MINUTE, changes={"role": ["user", "operator"]}, address="192.0.2.7")
    sealing.seal(TODAY + DAY / 2)
    assert not problems()
    return QuerySet(Entry).order_by("sequence")


def problems(**options: Any) -> list[str]:
    return [problem.text for problem in verification.verify(**options)]


OTHER: dict[str, Any] = {
    "changes": {"role": ["user", "administrator"]}, "details": {"x": 1}, "address": "192.0.2.8", "at": NOW + MINUTE / 2, "actor_id": 99,
    "last_at": NOW, "open_until": NOW, "former_id": 5, "count": 2, "id": 10**6, "sequence": 10**6, "previous_hash": START, "hash": START,
}  # fmt: skip


def test_a_change_of_any_column_is_found(entries: QuerySet[Entry]) -> None:
    third = entries.get(sequence=3)
    for column in (*COLUMNS, "previous_hash", "hash"):
        with transaction.atomic():
            assert entries.filter(pk=third.pk).update(**{column: OTHER.get(column, "x")}) == 1
            assert any("3" in text for text in problems()), column
            transaction.set_rollback(True)
    assert problems() == []


@pytest.mark.parametrize("sequence", [1, 3, 6])
def test_a_deleted_entry_is_found(sequence: int, entries: QuerySet[Entry]) -> None:
    entries.filter(sequence=sequence).delete()
    assert f"Entry {sequence} is missing." in problems()


def test_several_deleted_entries_are_one_problem(entries: QuerySet[Entry]) -> None:
    entries.filter(sequence__in=(3, 4)).delete()
    assert problems() == ["Entries 3 to 4 are missing."]


def test_reordered_entries_are_found(entries: QuerySet[Entry]) -> None:
    """Each takes the other's place, hashes and all."""
    places = ("sequence", "previous_hash", "hash")
    third, fourth = (entries.values("pk", *places).get(sequence=number) for number in (3, 4))
    entries.filter(sequence__in=(3, 4)).update(sequence=None, previous_hash=None, hash=None)
    for here, there in ((third, fourth), (fourth, third)):
        entries.filter(pk=here["pk"]).update(**{name: there[name] for name in places})
    assert [text.partition(" (")[0] for text in problems()] == ["Entry 3", "Entry 4"]


def forge(entries: QuerySet[Entry], after: int) -> None:
    """Computes all hashes after that entry again, as anybody who knows the format can."""
    last = bytes(entries.get(sequence=after).hash or b"") if after else START
    for values in list(entries.filter(sequence__gt=after).values_list(*COLUMNS)):
        previous, last = last, hash_of(last, values)
        entries.filter(pk=values[0]).update(previous_hash=previous, hash=last)


def test_a_tail_with_new_hashes_is_found_by_the_heads(entries: QuerySet[Entry]) -> None:
    entries.filter(sequence=3).update(event="user.deleted")
    forge(entries, 2)
    assert any("has another hash than the head of 2026-11-22" in text for text in problems())


def test_an_inserted_entry_is_found(entries: QuerySet[Entry]) -> None:
    for number in (6, 5, 4):
        entries.filter(sequence=number).update(sequence=F("sequence") + 1)
    forged = entry(NOW)
    entries.filter(pk=forged.pk).update(sequence=4, previous_hash=START, hash=START)
    forge(entries, 3)
    found = " ".join(problems())
    assert "Entry 4 has another hash than the head of 2026-11-22" in found
    assert "comes after the last head" in found


def test_heads_that_are_changed_with_the_entries_have_a_wrong_signature(entries: QuerySet[Entry]) -> None:
    entries.filter(sequence=6).update(event="user.deleted")
    forge(entries, 5)
    Head.objects.filter(closed_at=None).update(hash=entries.get(sequence=6).hash)
    assert problems() == ["The head of 2026-11-23 has a wrong signature."]


def delete_last_day(entries: QuerySet[Entry]) -> None:
    entries.filter(sequence__gt=4).delete()
    Head.objects.filter(closed_at=None).delete()


def reopen_an_earlier_head(entries: QuerySet[Entry]) -> None:
    delete_last_day(entries)
    Head.objects.filter(number=2).update(closed_at=None)


def pretend_that_days_were_pruned(entries: QuerySet[Entry]) -> None:
    entries.filter(sequence__lte=2).delete()
    Head.objects.filter(number=0).delete()
    Head.objects.filter(number=1).update(is_start=True)


def delete_a_head_in_the_middle(entries: QuerySet[Entry]) -> None:
    Head.objects.filter(number=1).delete()


def delete_all_heads(entries: QuerySet[Entry]) -> None:
    Head.objects.all().delete()


@pytest.mark.parametrize(
    "act", [delete_last_day, reopen_an_earlier_head, pretend_that_days_were_pruned, delete_a_head_in_the_middle, delete_all_heads]
)
def test_heads_cannot_be_deleted_or_reused(act: Callable[[QuerySet[Entry]], None], entries: QuerySet[Entry]) -> None:
    act(entries)
    assert problems()


def test_what_was_sealed_since_verifying_began_is_no_problem(entries: QuerySet[Entry]) -> None:
    head = Head.objects.latest("number")
    entry(TODAY)
    sealing.seal(TODAY + DAY / 2)
    assert list(verification.problems_after(head)) == []


def test_earlier_days_can_be_left_out(entries: QuerySet[Entry]) -> None:
    entries.filter(sequence=1).update(event="x")
    assert problems(since=(NOW + DAY).date()) == []
    assert len(problems(since=NOW.date())) == 1


def test_pruning_deletes_whole_days_and_the_rest_verifies(entries: QuerySet[Entry]) -> None:
    with capture_logs() as lines:
        assert pruning.prune(TODAY, days=1) == 2
    assert [line["event"] for line in lines] == ["audit trail pruned"]
    assert list(entries.exclude(sequence=None).values_list("sequence", flat=True)) == [3, 4, 5, 6]
    assert entries.get(event="audit.pruned").details == {"entries": 2, "until": "2026-11-21"}
    assert problems() == []
    assert pruning.prune(TODAY, days=1) == 0
    assert pruning.prune(TODAY + 3 * DAY, days=1) == 2, "the open head's day stays until it is closed"
    entries.filter(sequence=5).delete()
    assert problems() == ["Entry 5 is missing."]


def test_pruning_stops_at_a_head_that_was_changed(entries: QuerySet[Entry]) -> None:
    Head.objects.filter(number=1).update(sequence=1)
    assert pruning.prune(TODAY, days=0) == 0
    assert entries.count() == 6


def test_pruning_waits_for_a_receiver_that_is_behind(entries: QuerySet[Entry], settings: LazySettings) -> None:
    settings.AUDIT_HTTPS = Address("siem.example.com", 443, "/")
    assert pruning.prune(TODAY, days=1) == 0
    target = Target.objects.create(name="https siem.example.com:443", delivered=1, next_attempt_at=NOW)
    assert pruning.prune(TODAY, days=1) == 0
    Target.objects.filter(pk=target.pk).update(delivered=2)
    assert pruning.prune(TODAY, days=1) == 2


def test_pruning_waits_a_month_and_says_what_was_not_delivered(entries: QuerySet[Entry], settings: LazySettings) -> None:
    settings.AUDIT_HTTPS = Address("siem.example.com", 443, "/")
    with capture_logs() as lines:
        assert pruning.prune(TODAY + 30 * DAY, days=1) == 2
    lost = next(line for line in lines if line["event"] == "audit entries deleted before they were delivered")
    assert (lost["first"], lost["last"]) == (1, 2)
    assert problems() == []


def test_pruning_that_was_interrupted_goes_on(entries: QuerySet[Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 1)
    assert pruning.prune(TODAY, days=1, seconds=0) == 0
    assert problems() == [], "what is left before the start is nothing any more"
    assert pruning.prune(TODAY, days=1) == 2


def test_after_a_key_rotation_heads_are_signed_anew(entries: QuerySet[Entry], settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key that only the tests know, of some length"
    assert problems() == []
    assert heads.renew() == 3
    sealing.seal(TODAY + DAY)
    entry(TODAY + DAY)
    sealing.seal(TODAY + DAY)
    settings.SECRET_KEY_FALLBACKS = []
    assert problems() == []
    Head.objects.filter(number=2).update(sequence=3)
    assert "The head of 2026-11-22 has a wrong signature." in problems()


def test_a_key_that_is_gone_is_named(entries: QuerySet[Entry], settings: Settings) -> None:
    settings.SECRET_KEY = "another key that only the tests know, of some length"
    assert len(problems()) == 2
    assert "neither SECRET_KEY nor SECRET_KEY_FALLBACKS" in problems()[0]
    assert pruning.prune(TODAY, days=0) == 0
    assert command("sign").startswith("4 heads signed.\n7 entries sealed")
    assert problems() == []
    assert "2026-11-22 (key " in str(entries.get(event="audit.signed").details)


def test_a_head_that_was_changed_gets_no_new_signature(entries: QuerySet[Entry]) -> None:
    entries.filter(sequence=6).update(event="user.deleted")
    forge(entries, 5)
    Head.objects.filter(closed_at=None).update(hash=entries.get(sequence=6).hash)
    entry(TODAY)
    assert sealing.seal(TODAY + DAY) is None
    assert not sealing.seal_all(TODAY + DAY)
    assert problems() == ["The head of 2026-11-23 has a wrong signature."]
    Head.objects.filter(closed_at=None).update(key_id="0" * 16)
    assert sealing.seal(TODAY + DAY) is None


def command(*arguments: str) -> str:
    output = StringIO()
    call_command("audit", *arguments, stdout=output)
    return output.getvalue()


def test_the_command_says_what_is_wrong_and_fails(entries: QuerySet[Entry]) -> None:
    assert "6 entries sealed, up to 6; 0 not yet." in command("verify")
    entries.filter(sequence=3).update(event="x")
    output = StringIO()
    with pytest.raises(CommandError, match="1 problem found"):
        call_command("audit", "verify", stdout=output)
    assert output.getvalue().startswith("Entry 3 (id ")
    assert command("verify", "--from", "2026-11-23")


@pytest.mark.django_db(transaction=True)
def test_a_whole_trail_with_new_hashes_is_found_by_a_head_in_the_log(tmp_path: Path) -> None:
    """Somebody who has SECRET_KEY too can forge everything but the log."""
    entry(NOW)
    with capture_logs() as lines:
        sealing.seal(TODAY)
    (line,) = [each for each in lines if each["event"] == "audit head"]
    log = tmp_path / "log"
    log.write_text('{"event": "another"}\n' + json.dumps(line))
    assert command("verify", "--head", str(log)) == command("verify", "--head", json.dumps(line))
    QuerySet(Entry).update(event="user.deleted")
    forge(QuerySet(Entry).order_by("sequence"), 0)
    new = QuerySet(Entry).get().hash
    for head in Head.objects.filter(number__gt=0):
        head.hash = new
        heads.sign(head)
        head.save()
    assert problems() == []
    for written in (str(log), json.dumps(line)):
        with pytest.raises(CommandError, match="1 problem found"):
            command("verify", "--head", written)


def test_a_head_in_the_log_of_what_was_pruned_or_deleted(entries: QuerySet[Entry]) -> None:
    pruning.prune(TODAY, days=0)
    assert verification.compare(2, START) == ""
    assert "another hash" in verification.compare(4, START)
    assert "was deleted" in verification.compare(7, START)


@pytest.mark.parametrize("head", ['{"event": "audit head"}', "/no/such/file", "{}"])
def test_a_head_that_is_none_is_an_error(head: str, entries: QuerySet[Entry]) -> None:
    with pytest.raises(CommandError):
        command("verify", "--head", head)


def test_an_empty_trail_is_sound() -> None:
    assert problems() == []


def test_an_end_that_a_receiver_has_accepted_is_missed(entries: QuerySet[Entry]) -> None:
    """Somebody who has kept an earlier state of the day's head can delete what was sealed since then."""
    before = Head.objects.values().get(closed_at=None)
    entry(TODAY)
    sealing.seal(TODAY + DAY / 2)
    Target.objects.create(name="https siem:443", delivered=7, next_attempt_at=NOW)
    assert not problems()
    entries.filter(sequence=7).delete()
    Head.objects.filter(pk=before["id"]).update(**before)
    assert problems() == ["https siem:443 has accepted entry 7, and the chain ends at 6: its end was deleted."]


@pytest.mark.parametrize("waiting", [False, True])
def test_deleted_heads_are_found(waiting: bool, entries: QuerySet[Entry]) -> None:
    """No new head is begun, which the entries that are sealed would not fit."""
    Head.objects.all().delete()
    if waiting:
        entry(TODAY)
    assert failed_verification() == "There are sealed entries, but no heads."
    assert not Head.objects.exists()


def test_an_entry_where_the_next_one_belongs_is_found(entries: QuerySet[Entry]) -> None:
    """It keeps others from being sealed, and the command does not fail for that before it has verified the chain."""
    entry(TODAY)
    entry(TODAY, sequence=7, previous_hash=START, hash=START)
    text = failed_verification()
    assert "New entries can't be sealed" in text
    assert "Entry 7" in text
    assert "comes after the last head" in text


def failed_verification() -> str:
    """What `audit verify` says of a chain that has problems."""
    output = StringIO()
    with pytest.raises(CommandError):
        call_command("audit", "verify", stdout=output)
    return output.getvalue().strip()
