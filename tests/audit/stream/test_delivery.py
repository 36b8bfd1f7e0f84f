"""Every sealed entry reaches each receiver at least once and in order, whatever the receiver, the network or a worker does meanwhile."""

import re
import uuid
from http.client import BadStatusLine
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from portal.audit.stream import cursors, delivery, receivers
from portal.audit.stream.models import Target
from portal.audit.stream.tasks import forget_receivers, push_entries
from portal.faults.models import Fault
from tests.audit.stream.https_server import HttpsServer
from tests.audit.stream.sealed import add
from tests.clock import MINUTE, NOW, SECOND
from tests.racing import race

RUNS_ON = "postgres"
pytestmark = pytest.mark.django_db


def deliver(now: Any = NOW, kind: str = "https") -> int:
    return delivery.deliver(receivers.configured()[kind], now)


def sequences(server: HttpsServer) -> list[int]:
    return [entry["sequence"] for entry in server.entries]


def target() -> Target:
    return Target.objects.get()


def faults() -> list[Fault]:
    return list(Fault.objects.open().filter(source="audit-delivery"))


def test_entries_are_delivered_in_order_and_once(https: HttpsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "BATCH", 4)
    add(10)
    assert [deliver(), deliver()] == [10, 0]
    add(1)
    deliver()
    assert sequences(https) == list(range(1, 12))
    assert [len(body.splitlines()) for _, _, body in https.requests] == [4, 4, 2, 1]
    assert (target().delivered, target().lease, target().last_error) == (11, None, "")


def test_a_token_with_a_scheme_is_sent_as_it_is(https: HttpsServer, settings: Any) -> None:
    settings.AUDIT_HTTPS_TOKEN = "Splunk 0123"
    add(1)
    deliver()
    assert https.requests[0][1]["Authorization"] == "Splunk 0123"


def test_what_is_not_sealed_is_not_sent(https: HttpsServer) -> None:
    add(1)
    add(1, open_until=NOW + MINUTE)  # it still counts repetitions
    assert deliver() == 1


def test_requests_carry_the_token_and_are_one_entry_a_line(https: HttpsServer) -> None:
    add(2, target_name="grüße\n")
    deliver()
    path, headers, body = https.requests[0]
    assert (path, headers["Authorization"]) == ("/audit?source=portal", "Bearer a-secret-of-the-receiver")
    assert headers["Content-Type"] == "application/x-ndjson"
    assert body.count(b"\n") == 2
    assert https.entries[0]["target"]["name"] == "grüße\n"


@pytest.mark.parametrize("status", [500, 503, 400, 401, 413, 302, 307, 304, "close"])
def test_nothing_counts_as_delivered_but_a_success(status: int | str, https: HttpsServer) -> None:
    add(3)
    https.statuses = [status, 200]
    assert deliver() == 0
    row = target()
    assert (row.delivered, row.attempts, row.lease, row.failing_since is None) == (0, 1, None, False)
    assert {path for path, _, _ in https.requests} <= {"/audit?source=portal"}  # no redirect was followed
    assert deliver(NOW + 9 * SECOND) == 0
    assert deliver(NOW + MINUTE) == 3
    assert (sequences(https), target().attempts, target().failing_since) == ([1, 2, 3], 0, None)


def test_batches_get_smaller_for_a_receiver_that_cannot_take_them(https: HttpsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "BATCH", 50)
    add(60)
    https.statuses = [413, 413, 200]
    now = NOW
    for _ in range(3):
        deliver(now)
        now += 10 * MINUTE
    assert [len(body.splitlines()) for _, _, body in https.requests][:4] == [50, 12, 3, 50]
    assert sequences(https) == list(range(1, 61))


def test_a_slow_receiver_is_cut_off(https: HttpsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.audit.stream.tls.BATCH_SECONDS", 0.3)
    add(1)
    https.statuses = ["slow"]
    assert deliver() == 0
    assert target().attempts == 1


def test_a_receiver_that_is_down_opens_a_fault_and_clears_it(https: HttpsServer, settings: Any) -> None:
    add(2)
    address, settings.AUDIT_HTTPS = settings.AUDIT_HTTPS, settings.AUDIT_HTTPS._replace(port=https.port)
    https.statuses = [500]
    now = NOW
    while now < NOW + 5 * MINUTE:
        deliver(now)
        assert faults() == []
        now += MINUTE
    deliver(NOW + 10 * MINUTE)
    (fault,) = faults()
    assert fault.resource == f"https 127.0.0.1:{https.port}"
    assert "HTTP 500" in fault.description
    deliver(NOW + 20 * MINUTE)
    assert len(faults()) == 1
    https.statuses, settings.AUDIT_HTTPS = [200], address
    assert deliver(NOW + 30 * MINUTE) == 2
    assert faults() == []


def test_a_port_that_nobody_listens_on_is_a_failure(https: HttpsServer) -> None:
    add(1)
    https.__exit__()
    assert deliver() == 0
    assert "ConnectionRefusedError" in target().last_error


def test_errors_and_logs_hold_no_secret(https: HttpsServer, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.AUDIT_HTTPS = settings.AUDIT_HTTPS._replace(path="/hook/a-secret-path")
    add(1)
    https.statuses = [400]
    deliver()
    deliver(NOW + 10 * MINUTE)
    shown = target().last_error + target().name + capsys.readouterr().err + str([vars(fault) for fault in faults()])
    assert "HTTP 400" in shown
    assert "secret" not in shown


def test_a_kill_between_sending_and_recording_leaves_no_gap(https: HttpsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    add(3)

    def killed(*args: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(cursors, "record_delivered", killed)
        with pytest.raises(SystemExit):
            deliver()
    assert deliver(NOW + cursors.LEASE - SECOND) == 0  # the lease is the killed worker's
    add(1)
    assert deliver(NOW + cursors.LEASE) == 4
    assert sequences(https) == [1, 2, 3, 1, 2, 3, 4]


def test_a_worker_that_has_lost_its_lease_moves_no_cursor(https: HttpsServer) -> None:
    add(3)
    first = cursors.claim(f"https 127.0.0.1:{https.port}", NOW)
    assert first
    assert deliver(NOW + cursors.LEASE) == 3
    assert cursors.record_delivered(first, 1, NOW + cursors.LEASE) is False
    cursors.record_failure(first, ValueError("late"), NOW + cursors.LEASE)
    cursors.release(first)
    assert (target().delivered, target().attempts) == (3, 0)


def test_a_receiver_that_responds_with_bytes_of_another_protocol_has_a_failure(https: HttpsServer) -> None:
    add(1)
    claimed = cursors.claim(f"https 127.0.0.1:{https.port}", NOW)
    assert claimed
    cursors.record_failure(claimed, BadStatusLine("\0\xff greetings\n"), NOW)
    assert (target().attempts, target().last_error) == (1, "BadStatusLine: \xff greetings\n")


@pytest.mark.django_db(transaction=True)
def test_of_ten_workers_one_sends(https: HttpsServer) -> None:
    add(5)
    assert sorted(race(*[deliver] * 10)) == [0] * 9 + [5]
    assert sequences(https) == [1, 2, 3, 4, 5]


def test_a_lease_and_a_pause_of_a_wrong_clock_do_not_last(https: HttpsServer) -> None:
    add(1)
    far = NOW + 100_000 * MINUTE
    Target.objects.create(name=f"https 127.0.0.1:{https.port}", lease=uuid.uuid4(), lease_until=far, next_attempt_at=far)
    assert deliver() == 1


def test_another_receiver_gets_everything_from_the_beginning(https: HttpsServer, settings: Any) -> None:
    add(2)
    Target.objects.create(name="https siem.example.com:443", delivered=2, next_attempt_at=NOW)
    assert deliver() == 2


def test_the_task_sends_to_what_is_configured(https: HttpsServer, settings: Any) -> None:
    add(1)
    push_entries("syslog")
    push_entries("https")
    assert sequences(https) == [1]


def test_a_receiver_that_is_taken_out_of_the_environment_leaves_no_fault(https: HttpsServer, settings: Any) -> None:
    add(1)
    https.statuses = [500]
    for minutes in (0, 10):
        deliver(NOW + minutes * MINUTE)
    assert len(faults()) == 1
    settings.AUDIT_HTTPS = None
    forget_receivers()
    assert faults() == []
    assert (target().delivered, target().attempts) == (0, 0)


def test_the_command_says_how_far_receivers_have_got_and_what_is_wrong(https: HttpsServer, settings: Any) -> None:
    def audit(action: str) -> str:
        output = StringIO()
        call_command("audit", action, stdout=output)
        return output.getvalue()

    add(3)
    assert "nothing sent yet; 3 entries wait." in audit("receivers")
    https.statuses = [500, 200]
    assert re.search(r"delivered up to 0; 3 entries wait\. Failing since .* \(1 failed\): NotAccepted: HTTP 500", audit("push"))
    assert "delivered up to 3; 0 entries wait." in audit("push")
    settings.AUDIT_HTTPS = None
    assert audit("push") == "No receiver is configured.\n"


def test_pruning_waits_for_every_receiver_and_reports_what_is_lost(https: HttpsServer, settings: Any) -> None:
    assert cursors.delivered_by_all() == 0
    add(3)
    deliver()
    assert cursors.delivered_by_all() == 3
    cursors.report_lost(1, 3, NOW)
    assert not Fault.objects.exists()
    cursors.report_lost(2, 5, NOW)
    assert Fault.objects.get().description.startswith("Entries 2 to 5 ")
    settings.AUDIT_HTTPS = None
    assert cursors.delivered_by_all() is None
