"""Several scans at the same moment (two beats, a config change, somebody at a command line): one fault for each token, one mail to each
address, and nobody's question unanswered."""

from collections.abc import Iterator
from functools import partial

import pytest
import time_machine

from portal.faults import services as faults
from portal.faults.models import Fault
from portal.notifications.models import Message
from tests.clock import NOW
from tests.racing import race, widen
from tests.tokens.scans import OPS, SECURITY, configure, ending, open_faults, scan
from tokens import services
from tokens.expiry import scan as expiry
from tokens.models import Notice, ScanRun

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Who comes second is answered as of the present."""
    with time_machine.travel(NOW):
        yield


def total(field: str) -> int:
    return sum(ScanRun.objects.values_list(field, flat=True))


def test_scans_at_once_raise_one_fault_for_each_token_and_send_one_mail_to_each_address(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, expiry, "carry_out")
    widen(monkeypatch, expiry, "finish")
    configure("30;7", f"{OPS};{SECURITY}")
    names = {ending(days % 31, name=f"t{days}").name for days in range(12)}
    runs = race(*(partial(expiry.scan, NOW, triggered_by) for triggered_by in ScanRun.Trigger.values))
    assert not [run for run in runs if isinstance(run, Exception)]
    assert open_faults() == names
    assert Fault.objects.count() == 12
    assert sorted(message.recipient for message in Message.objects.all()) == [OPS, SECURITY]
    assert Notice.objects.count() == 24
    assert not Notice.objects.filter(message=None).exists()
    assert (total("raised"), total("queued")) == (12, 2)
    assert not ScanRun.objects.filter(finished_at=None).exists()
    assert set(ScanRun.objects.values_list("error", flat=True)) == {""}


def test_who_is_told_that_another_scan_is_at_work_is_answered_by_a_later_look(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, expiry, "carry_out", 0.4)
    configure("15", OPS)
    ending(5)
    runs = race(scan, scan, scan)
    assert None in runs
    assert ScanRun.objects.count() > len([run for run in runs if run])
    assert not ScanRun.objects.filter(finished_at=None).exists()


def test_two_scans_at_once_clear_each_fault_once(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, expiry, "carry_out")
    widen(monkeypatch, expiry, "finish")
    configure("15")
    for _ in range(12):
        ending(5)
    scan()
    configure()
    race(scan, scan)
    assert total("cleared") == 12
    assert not Fault.objects.open().exists()


def test_a_scan_and_a_revocation_at_once_both_succeed(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, faults, "clear_faults")
    widen(monkeypatch, faults, "clear_others")
    configure("15", OPS)
    tokens = [ending(5) for _ in range(5)]
    scan()
    run, *revoked = race(scan, *(partial(services.revoke, token, None, NOW) for token in tokens))
    assert isinstance(run, ScanRun)
    assert revoked == [True] * 5
    scan()
    assert open_faults() == set()
