"""A mail server that hangs up, a worker that was suspended: what goes wrong with one email costs no other."""

from urllib.parse import urlsplit

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.utils import timezone
from pytest_django import Settings

from portal.notifications import delivery
from portal.notifications.channels.email import EmailChannel
from portal.notifications.models import Message
from tests.notifications.rejecting import queue
from tests.services import Mailbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(smtp_server: Mailbox, settings: Settings) -> Mailbox:
    address = urlsplit(smtp_server.url)
    settings.EMAIL_HOST, settings.EMAIL_PORT = address.hostname, address.port
    settings.EMAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
    return smtp_server


def hangs_up_on(server: Mailbox, unwanted: str) -> None:
    async def handle_rcpt(smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if address == unwanted:
            smtp.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    server.handle_RCPT = handle_rcpt


def test_a_dropped_connection_is_reopened_for_the_next_email(server: Mailbox) -> None:
    hangs_up_on(server, "b@example.com")
    for name in "abc":
        queue(f"{name}@example.com")
    assert delivery.deliver(timezone.now()) == (2, 1)
    assert [envelope.rcpt_tos for envelope in server.messages] == [["a@example.com"], ["c@example.com"]]


def test_a_run_that_fails_closes_its_connection(server: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    close = EmailChannel.close
    monkeypatch.setattr(EmailChannel, "close", lambda channel: closed.append(True) or close(channel))

    def fail(message: Message, subject: str) -> None:
        raise RuntimeError("the database is gone")

    queue("a@example.com")
    monkeypatch.setattr(delivery, "record_sent", fail)
    with pytest.raises(RuntimeError):
        delivery.deliver(timezone.now())
    assert closed


def test_a_message_that_another_worker_sent_is_not_queued_again() -> None:
    queue("a@example.com")
    (message,) = delivery.claim(timezone.now())
    delivery.record_sent(message, "subject")
    delivery.record_failure(message, TimeoutError("after standing still for ten minutes"))
    message.refresh_from_db()
    assert (message.state, message.attempts, message.last_error) == ("sent", 1, "")


def test_an_error_with_nul_is_stored_without_it() -> None:
    queue("a@example.com")
    (message,) = delivery.claim(timezone.now())
    delivery.record_failure(message, ValueError("no \0greeting"))
    message.refresh_from_db()
    assert (message.state, message.last_error) == ("queued", "ValueError: no greeting")


def test_a_worker_that_lost_its_lease_changes_nothing() -> None:
    queue("a@example.com")
    (late,) = delivery.claim(timezone.now())
    Message.objects.update(next_attempt_at=timezone.now())
    (message,) = delivery.claim(timezone.now())
    delivery.record_failure(late, TimeoutError())
    delivery.drop(late)
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("sending", 2)
    delivery.record_sent(late, "subject")  # but what it has sent is sent
    message.refresh_from_db()
    assert message.state == "sent"
