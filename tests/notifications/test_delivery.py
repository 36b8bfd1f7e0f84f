"""Sending queued messages: sent only once the mail server accepted them, retried with pauses, failed after the last attempt."""

import itertools
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core import mail as sent_mail
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from portal.notifications import delivery, tasks
from portal.notifications.models import Message
from tests.clock import NOW, SECOND
from tests.notifications.rejecting import RejectingServer, deliver, queue
from tests.services import Mailbox
from tests.tokens.scans import OPS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def test_an_accepted_email_is_sent_once_and_its_text_deleted() -> None:
    email = queue(OPS)
    assert deliver() == (1, 0)
    assert deliver() == (0, 0)
    assert [(message.to, message.body) for message in sent_mail.outbox] == [([OPS], "text")]
    email.refresh_from_db()
    assert (email.state, email.subject, email.content, email.sent_at, email.attempts) == ("sent", "subject", None, NOW, 1)


def test_one_rejected_email_does_not_stop_the_others(rejecting_server: RejectingServer) -> None:
    rejecting_server.addresses = {"b@example.com"}
    for name in "abc":
        queue(f"{name}@example.com")
    assert deliver() == (2, 1)
    assert [message.to for message in sent_mail.outbox] == [["a@example.com"], ["c@example.com"]]


def test_a_slow_server_keeps_a_worker_for_one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abcd":
        queue(f"{name}@example.com")
    seconds = itertools.count(0, 40)
    monkeypatch.setattr(delivery.time, "monotonic", lambda: next(seconds))
    assert deliver() == (2, 0)
    assert deliver() == (2, 0)
    assert len(sent_mail.outbox) == 4


def test_a_database_error_after_acceptance_sends_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    queue(OPS)
    record, failures, pauses = delivery.record_sent, [OperationalError(), OperationalError()], []

    def fail_twice(message: Message, subject: str) -> None:
        if failures:
            raise failures.pop()
        record(message, subject)

    monkeypatch.setattr(delivery, "record_sent", fail_twice)
    monkeypatch.setattr(delivery, "close_old_connections", lambda: None)
    monkeypatch.setattr(delivery.time, "sleep", pauses.append)
    assert deliver() == (1, 0)
    assert pauses == [0.5, 1]
    assert Message.objects.get().state == "sent"


def test_a_rejected_email_keeps_its_text_and_waits(rejecting_server: RejectingServer, clock: time_machine.Traveller) -> None:
    email = queue(OPS)
    rejecting_server.addresses = {OPS}
    assert deliver() == (0, 1)
    email.refresh_from_db()
    assert (email.state, email.content["text"], email.next_attempt_at) == ("queued", "text", NOW + timedelta(minutes=1))
    rejecting_server.addresses = set()
    clock.move_to(NOW + timedelta(seconds=59))
    assert deliver() == (0, 0)
    clock.move_to(NOW + timedelta(seconds=60))
    assert deliver() == (1, 0)
    assert len(sent_mail.outbox) == 1


def test_an_email_has_failed_after_three_days_of_attempts(rejecting_server: RejectingServer, clock: time_machine.Traveller) -> None:
    email = queue(OPS)
    rejecting_server.addresses = {OPS}
    pauses: list[timedelta] = []
    while deliver() == (0, 1):
        email.refresh_from_db()
        if email.state == "failed":
            break
        pauses.append(email.next_attempt_at - timezone.now())
        clock.move_to(email.next_attempt_at)
    assert pauses == [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60)] + [timedelta(hours=6)] * 12  # three days of these
    assert email.attempts == len(pauses) + 1
    clock.shift(timedelta(days=30))
    assert deliver() == (0, 0)
    assert not sent_mail.outbox


def test_the_last_error_is_recorded(rejecting_server: RejectingServer) -> None:
    email = queue(OPS)
    rejecting_server.addresses = {OPS}
    deliver()
    email.refresh_from_db()
    assert (email.state, email.last_error) == ("queued", "ConnectionRefusedError: no, with a secret in it")


def test_a_killed_workers_message_is_sent_when_its_lease_ends(clock: time_machine.Traveller) -> None:
    queue(OPS)
    taken = next(delivery.claim(NOW))
    assert taken.next_attempt_at == NOW + delivery.LEASE
    clock.move_to(NOW + delivery.LEASE - SECOND)
    assert deliver() == (0, 0)
    clock.move_to(NOW + delivery.LEASE)
    assert deliver() == (1, 0)


def test_a_copy_after_a_kill_has_the_same_message_id(monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller) -> None:
    class Killed(BaseException):
        pass

    def die(message: Message, subject: str) -> None:
        raise Killed

    queue(OPS)
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "record_sent", die)
        with pytest.raises(Killed):
            deliver()
    clock.shift(delivery.LEASE)
    assert deliver() == (1, 0)
    first, second = (message.message()["Message-ID"] for message in sent_mail.outbox)
    assert first == second


def test_the_task_delivers_what_is_due_now() -> None:
    queue(OPS)
    tasks.deliver_messages()
    assert len(sent_mail.outbox) == 1


@pytest.fixture
def real_server(smtp_server: Mailbox, settings: Settings) -> Mailbox:
    address = urlsplit(smtp_server.url)
    settings.EMAIL_HOST, settings.EMAIL_PORT = address.hostname, address.port
    settings.EMAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
    return smtp_server


def test_an_email_is_sent_only_when_a_server_accepts_it(real_server: Mailbox, clock: time_machine.Traveller) -> None:
    email = queue(OPS)
    real_server.refuse = "451 4.7.1 Greylisted, try again later"
    assert deliver() == (0, 1)
    email.refresh_from_db()
    assert email.state == "queued"
    assert "Greylisted" in email.last_error
    real_server.refuse = None
    clock.shift(timedelta(minutes=1))
    assert deliver() == (1, 0)
    assert len(real_server.messages) == 1
    email.refresh_from_db()
    assert email.state == "sent"


def test_an_unreachable_server_fails_the_attempt(real_server: Mailbox, settings: Settings) -> None:
    settings.EMAIL_PORT = 1
    email = queue(OPS)
    assert deliver() == (0, 1)
    assert Message.objects.get(pk=email.pk).last_error.startswith("ConnectionRefusedError")


def test_a_broken_connection_costs_one_email_only(real_server: Mailbox) -> None:
    async def break_off(server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if address == "b@example.com":
            server.transport.close()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    real_server.handle_RCPT = break_off
    for name in "abcd":
        queue(f"{name}@example.com")
    assert deliver() == (3, 1)
    assert [envelope.rcpt_tos for envelope in real_server.messages] == [[f"{name}@example.com"] for name in "acd"]
