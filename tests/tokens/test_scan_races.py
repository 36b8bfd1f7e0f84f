"""Two scans at the same moment (a beat and a config change): one fault for each token, one mail to each address."""

from functools import partial

import pytest
from post_office.models import Email

from portal.faults import services as faults
from portal.faults.models import Fault
from tests.clock import NOW
from tests.racing import race, widen
from tests.tokens.scans import OPS, SECURITY, configure, ending, open_faults, scan
from tokens import expiry, services
from tokens.models import Notice, ScanRun

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_scans_at_once_raise_one_fault_for_each_token_and_send_one_mail_to_each_address(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, Fault.objects, "bulk_create")
    widen(monkeypatch, Notice.objects, "bulk_create")
    configure("30;7", f"{OPS};{SECURITY}")
    names = {ending(days % 31, name=f"t{days}").name for days in range(12)}
    runs = race(scan, scan, scan)
    assert [type(run) for run in runs] == [ScanRun] * 3
    assert open_faults() == names
    assert Fault.objects.count() == 12
    assert sorted(email.to for email in Email.objects.all()) == [[OPS], [SECURITY]]
    assert Notice.objects.count() == 24
    assert not Notice.objects.filter(email=None).exists()
    assert sum(run.queued for run in runs) == 2
    assert sum(run.raised for run in runs) == 12


def test_two_scans_at_once_clear_each_fault_once(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, expiry, "raise_faults")
    configure("15")
    for _ in range(12):
        ending(5)
    scan()
    configure()
    runs = race(scan, scan)
    assert sum(run.cleared for run in runs) == 12
    assert not Fault.objects.open().exists()


def test_a_scan_and_a_revocation_at_once_both_succeed(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, faults, "clear_faults")
    configure("15", OPS)
    tokens = [ending(5) for _ in range(5)]
    scan()
    run, *revoked = race(scan, *(partial(services.revoke, token, None, NOW) for token in tokens))
    assert isinstance(run, ScanRun)
    assert revoked == [True] * 5
    scan()
    assert open_faults() == set()
