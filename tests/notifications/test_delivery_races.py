"""Two workers that deliver at the same moment."""

import pytest
from django.core import mail as sent_mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from portal.notifications import delivery
from tests.notifications.rejecting import queue
from tests.racing import race, widen

pytestmark = pytest.mark.django_db(transaction=True)


def test_concurrent_workers_send_each_email_once(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, EmailBackend, "send_messages", 0.02)
    for number in range(10):
        queue(f"person{number}@example.com")
    results = race(*[lambda: delivery.deliver(timezone.now())] * 3)
    assert sum(sent for sent, _ in results) == 10
    assert sum(refused for _, refused in results) == 0
    assert sorted(message.to[0] for message in sent_mail.outbox) == [f"person{number}@example.com" for number in range(10)]
