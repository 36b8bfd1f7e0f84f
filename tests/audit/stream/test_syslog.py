"""Syslog over TLS: the form of RFC 5424 and 5425, and nothing counts as delivered that a receiver may not have."""

import json
import re
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from portal.audit.models import Entry
from portal.audit.stream import delivery, receivers
from portal.audit.stream.models import Target
from portal.audit.stream.syslog import MOST_BYTES, message
from portal.env.urls import Address
from tests.audit.stream.certificates import EXPIRED, Authority
from tests.audit.stream.sealed import add
from tests.audit.stream.syslog_server import SyslogServer
from tests.clock import MINUTE, NOW

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db
# RFC 5424, section 6, as far as it is used; the message is JSON.
FORM = re.compile(
    r"<(?P<priority>\d{1,3})>1 (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) - "
    r'(?P<id>[!-~]{1,32}) \[meta sequenceId="(?P<sequence>[1-9]\d*)"\]\[origin software="(?P<software>(?:[^"\\\]]|\\["\\\]])*)"\] '
    r"(?P<message>\{.*\})",
    re.ASCII,
)


def deliver(now: Any = NOW) -> int:
    return delivery.deliver(receivers.configured()["syslog"], now)


def parsed(text: str) -> dict[str, str]:
    found = FORM.fullmatch(text)
    assert found, text
    return found.groupdict()


def test_messages_have_the_form_of_the_rfc(syslog: SyslogServer, settings: LazySettings) -> None:
    settings.PORTAL_NAME = 'Bücher\\"]'
    add(2, target_name="grüße\r\n\t", address="2001:db8::1")
    assert deliver() == 2
    first, second = (parsed(text) for text in syslog.messages)
    assert (first["priority"], first["at"], first["app"], first["id"]) == (
        "109",
        "2026-11-21T09:30:00.000000Z",
        "token-portal",
        "user.changed",
    )
    assert (first["host"], first["software"]) == (settings.PORTAL_HOST, 'B?cher\\\\\\"\\]')
    assert (first["sequence"], second["sequence"]) == ("1", "2")
    assert json.loads(first["message"])["target"]["name"] == "grüße\r\n\t"


def test_a_sequence_begins_again_where_the_rfc_says() -> None:
    entry = Entry(at=NOW, event="x", sequence=2**31)
    assert parsed(message(entry).decode())["sequence"] == "1"


def test_long_values_are_cut_so_that_receivers_take_the_message() -> None:
    entry = Entry(at=NOW, event="e" * 60, sequence=1, changes={"value": ["x" * 9000, "ü" * 9000]}, user_agent="y" * 3000)
    text = message(entry)
    assert len(text) < MOST_BYTES
    assert json.loads(parsed(text.decode())["message"])["changes"]["value"]["before"] == "x" * 200 + "…"


def test_many_entries_arrive_whole(syslog: SyslogServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "BATCH", 100)
    add(250, changes={"value": ["x" * 500, "y" * 500]})
    assert deliver() == 250
    assert [int(parsed(text)["sequence"]) for text in syslog.messages] == list(range(1, 251))


@pytest.mark.parametrize("behaviour", ["reset", "early", "silent", "holding"])
def test_a_receiver_that_does_not_read_to_the_end_gets_it_again(
    behaviour: str, syslog: SyslogServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.audit.stream.tls.BATCH_SECONDS", 0.3)
    monkeypatch.setattr("portal.audit.stream.closing.ACKNOWLEDGED_SECONDS", 0.1)
    add(50)
    syslog.behaviour = behaviour
    assert deliver() == 0
    assert (Target.objects.get().delivered, Target.objects.get().attempts) == (0, 1)
    syslog.ended.set()
    syslog.ended.clear()
    syslog.behaviour = "normal"
    syslog.messages.clear()
    assert deliver(NOW + MINUTE) == 50
    assert len(syslog.messages) == 50


def test_a_receiver_that_closes_without_a_notification_has_read_everything(syslog: SyslogServer) -> None:
    syslog.behaviour = "abrupt"
    add(3)
    assert deliver() == 3
    assert len(syslog.messages) == 3


@pytest.mark.parametrize("problem", ["another authority", "another host", "expired", "nobody's"])
def test_a_certificate_that_is_not_the_receivers_gets_nothing(
    problem: str, authority: Authority, trusted: Path, tmp_path: Path, settings: LazySettings
) -> None:
    wrong = {
        "another authority": lambda: Authority(tmp_path).certificate(),
        "another host": lambda: authority.certificate("127.0.0.2"),
        "expired": lambda: authority.certificate(end=EXPIRED),
        "nobody's": lambda: trusted,
    }[problem]()
    if problem == "nobody's":
        settings.AUDIT_CA_CERTIFICATES = None  # the system's authorities have not signed it
    with SyslogServer(wrong) as server:
        settings.AUDIT_SYSLOG = Address("127.0.0.1", server.port, "")
        add(1)
        assert deliver() == 0
        assert server.messages == []
    assert "SSLCertVerificationError" in Target.objects.get().last_error


def test_a_receiver_may_ask_for_a_certificate(authority: Authority, trusted: Path, settings: LazySettings) -> None:
    with SyslogServer(trusted, clients=authority.file) as server:
        settings.AUDIT_SYSLOG = Address("127.0.0.1", server.port, "")
        add(1)
        assert deliver() == 0
        settings.AUDIT_CLIENT_CERTIFICATE = authority.certificate("127.0.0.3")
        assert deliver(NOW + MINUTE) == 1
        assert len(server.messages) == 1


def test_a_receiver_without_tls_gets_nothing(settings: LazySettings, trusted: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.AUDIT_SYSLOG = Address("127.0.0.1", listener.getsockname()[1], "")
        received: list[bytes] = []
        thread = threading.Thread(target=greet, args=(listener, received))
        thread.start()
        add(1)
        assert deliver() == 0
        thread.join()
    assert b"olga" not in received[0]


def greet(listener: socket.socket, received: list[bytes]) -> None:
    listener.settimeout(5)
    with listener.accept()[0] as plain:
        plain.sendall(b"220 mail.example.com ESMTP\r\n")
        received.append(plain.recv(65536))
