"""A mail server that rejects emails to some addresses; the others land in Django's outbox."""

import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.db.models import F
from django.utils import timezone

from portal.notifications import backend, delivery, services
from portal.notifications.models import Message


class RejectingServer:
    """`addresses`: those that it rejects from now on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.addresses: set[str] = set()
        accept = EmailBackend.send_messages

        def reply(backend: EmailBackend, messages: list) -> int:
            if self.addresses & {address for message in messages for address in message.to}:
                raise ConnectionRefusedError("no, with a secret in it")
            return accept(backend, messages)

        monkeypatch.setattr(EmailBackend, "send_messages", reply)


@pytest.fixture
def rejecting_server(monkeypatch: pytest.MonkeyPatch) -> RejectingServer:
    return RejectingServer(monkeypatch)


def deliver() -> tuple[int, int]:
    return delivery.deliver(timezone.now())


def before_last_attempt() -> None:
    """What waits now has failed for good if it fails once more."""
    Message.objects.filter(state="queued").update(attempts=len(delivery.PAUSES), next_attempt_at=F("created_at"))


def queue(to: str, subject: str = "subject", text: str = "text", html: str = "<p>html</p>") -> Message:
    """Queues an email as a library would."""
    content = {"subject": subject, "text": text, "html": html, "headers": None}
    return services.queue(backend.LIBRARY, [to], now=timezone.now(), content=content)[0]
