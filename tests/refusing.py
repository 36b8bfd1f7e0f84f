"""A mail server that refuses mails to some addresses; the others land in Django's outbox."""

import pytest
from django.core.mail.backends.locmem import EmailBackend
from post_office.models import STATUS, Email

from portal.notifications import delivery


class Refusing:
    """`addresses`: those that it refuses from now on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.addresses: set[str] = set()
        take = EmailBackend.send_messages

        def answer(backend: EmailBackend, messages: list) -> int:
            if self.addresses & {address for message in messages for address in message.to}:
                raise ConnectionRefusedError("no, with a secret in it")
            return take(backend, messages)

        monkeypatch.setattr(EmailBackend, "send_messages", answer)


def last_try() -> None:
    """What waits now is given up if it is refused once more."""
    Email.objects.filter(status__in=[STATUS.queued, STATUS.requeued]).update(number_of_retries=len(delivery.PAUSES), scheduled_time=None)
