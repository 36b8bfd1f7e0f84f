"""A mail server that hangs up, a worker that stood still: what went wrong with one mail costs no other."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.utils import timezone
from post_office.connections import connections
from post_office.models import STATUS, Email
from pytest_django import Settings

from portal.notifications import delivery
from portal.notifications import emails as mail
from tests.services import Mailbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(smtp_server: Mailbox, settings: Settings) -> Iterator[Mailbox]:
    address = urlsplit(smtp_server.url)
    settings.EMAIL_HOST, settings.EMAIL_PORT = address.hostname, address.port
    settings.POST_OFFICE = {**settings.POST_OFFICE, "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"}}
    yield smtp_server
    connections.close()


def hangs_up_on(server: Mailbox, unwanted: str) -> None:
    async def handle_rcpt(smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if address == unwanted:
            smtp.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    server.handle_RCPT = handle_rcpt


def queue(name: str) -> Email:
    return mail.queue([f"{name}@example.com"], "subject", "text")


def test_a_server_that_hangs_up_on_one_mail_is_called_again_for_the_next(server: Mailbox) -> None:
    hangs_up_on(server, "b@example.com")
    for name in "abc":
        queue(name)
    assert delivery.deliver(timezone.now()) == (2, 1)
    assert [envelope.rcpt_tos for envelope in server.messages] == [["a@example.com"], ["c@example.com"]]


def test_a_run_that_ends_in_an_error_leaves_no_connection_to_the_next(server: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(email: Email) -> None:
        raise RuntimeError("the database is gone")

    queue("a")
    monkeypatch.setattr(delivery, "mark_sent", fail)
    with pytest.raises(RuntimeError):
        delivery.deliver(timezone.now())
    assert not list(connections.all())


def test_a_mail_that_another_worker_sent_meanwhile_is_not_queued_again() -> None:
    email = queue("a")
    assert delivery.deliver(timezone.now()) == (1, 0)
    delivery.postpone(email, TimeoutError("after standing still for ten minutes"))
    email.refresh_from_db()
    assert (email.status, email.number_of_retries, email.logs.count()) == (STATUS.sent, None, 1)
