"""A message is a row in the transaction of what it is about; its subject is one line and its text is not a template."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as sent_mail
from django.core.mail import EmailMultiAlternatives, send_mail
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from portal import settings as portal_settings
from portal.notifications import delivery, renderers, services, tasks
from portal.notifications.models import Message
from portal.notifications.renderers import Content
from tests.clock import NOW
from tests.notifications.rejecting import queue

pytestmark = pytest.mark.django_db
SentBy = Callable[[str, str | None], None]
HOUR = timedelta(hours=1)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> SentBy:
    """Has messages of a kind consist of one text; None: there is nothing to say. Renderers of the test are forgotten after it."""
    monkeypatch.setattr(renderers, "_renderers", dict(renderers._renderers))
    return lambda kind, text: renderers.register(kind, lambda message, now: text and Content(text, text))


def test_a_message_waits_with_a_message_id_of_our_host(settings: Settings) -> None:
    settings.PORTAL_URL = "https://portal.example.com:8443"
    (message,) = services.queue("test", ["a@example.com"], now=NOW, about={"token": 1})
    assert message == Message.objects.get()
    assert (message.state, message.recipient, message.about, message.next_attempt_at, message.content) == (
        "queued",
        "a@example.com",
        {"token": 1},
        NOW,
        None,
    )
    assert message.message_id.endswith("@portal.example.com>")


def test_a_held_message_is_sent_when_it_is_released_or_its_time_comes(sent: SentBy) -> None:
    sent("test", "text")
    services.queue("test", ["a@example.com"], now=NOW, not_before=NOW + HOUR)
    assert delivery.deliver(NOW) == (0, 0)
    assert services.release(Message.objects.all(), NOW) == 1
    assert delivery.deliver(NOW) == (1, 0)
    services.queue("test", ["b@example.com"], now=NOW, not_before=NOW + HOUR)
    assert delivery.deliver(NOW + HOUR) == (1, 0)


def test_a_time_from_a_wrong_clock_does_not_hold_a_message(sent: SentBy) -> None:
    sent("test", "text")
    services.queue("test", ["a@example.com"], now=NOW, not_before=NOW + 13 * HOUR)
    assert delivery.deliver(NOW) == (1, 0)


def test_a_rolled_back_transaction_queues_nothing() -> None:
    with transaction.atomic():
        queue("a@example.com", "Hello", "text")
        transaction.set_rollback(True)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "subject", ["Hello\r\nBcc: victim@example.com", "Hello\n\nBcc: victim@example.com", " Hello\tBcc: victim@example.com "]
)
def test_a_subject_cannot_add_a_header(subject: str) -> None:
    queue("a@example.com", subject)
    delivery.deliver(timezone.now())
    message = sent_mail.outbox[0].message()
    assert message["Subject"] == "Hello Bcc: victim@example.com"
    assert message["Bcc"] is None


def test_a_long_subject_is_cut() -> None:
    queue("a@example.com", "x" * 5000)
    delivery.deliver(timezone.now())
    assert sent_mail.outbox[0].subject == Message.objects.get().subject == "x" * 200


@pytest.mark.parametrize("text", ["{% debug %}", "{{ settings.SECRET_KEY }}", "{% load static %}", "{% include 'base.html' %}"])
def test_template_syntax_is_sent_as_text(text: str) -> None:
    queue("a@example.com", text, text, text)
    delivery.deliver(timezone.now())
    (message,) = sent_mail.outbox
    assert (message.subject, message.body, message.alternatives[0][0]) == (text, text, text)


def test_emails_of_libraries_go_through_the_outbox(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    asked: list[Any] = []
    settings.EMAIL_BACKEND = portal_settings.EMAIL_BACKEND  # Django puts another one in its place for tests
    monkeypatch.setattr(tasks.deliver_messages, "apply_async", lambda **options: asked.append(options))
    message = EmailMultiAlternatives("Hello", "text", "x@example.com", ["a@example.com"], headers={"X-Kind": "reset"})
    message.attach_alternative("<p>html</p>", "text/html")
    with django_capture_on_commit_callbacks(execute=True):
        assert message.send() == 1
        assert send_mail("Plain", "text", None, ["b@example.com"]) == 1
    rich, plain = Message.objects.order_by("pk")
    assert (rich.recipient, plain.recipient, len(asked)) == ("a@example.com", "b@example.com", 2)
    assert delivery.deliver(timezone.now()) == (2, 0)
    rich, plain = sent_mail.outbox
    assert (rich.body, rich.alternatives[0][0], rich.message()["X-Kind"]) == ("text", "<p>html</p>", "reset")
    assert (plain.body, plain.alternatives) == ("text", [])
    assert list(Message.objects.values_list("content", flat=True)) == [None, None]


def test_a_message_is_rendered_when_it_is_sent(sent: SentBy) -> None:
    said = iter(["first", "second"])
    renderers.register("test", lambda message, now: Content(f"{next(said)} to {message.recipient}", "text"))
    messages = services.queue("test", ["a@example.com", "b@example.com"], now=NOW)
    assert len({message.message_id for message in messages}) == 2
    assert delivery.deliver(NOW) == (2, 0)
    assert [message.subject for message in sent_mail.outbox] == ["first to a@example.com", "second to b@example.com"]


def test_a_message_with_nothing_to_say_is_neither_sent_nor_kept(sent: SentBy) -> None:
    sent("test", None)
    services.queue("test", ["a@example.com"], now=NOW)
    assert delivery.deliver(NOW) == (0, 0)
    assert not sent_mail.outbox
    assert not Message.objects.exists()


def test_a_message_that_may_have_been_sent_is_not_deleted(sent: SentBy) -> None:
    sent("test", None)
    services.queue("test", ["a@example.com"], now=NOW)
    next(delivery.claim(NOW))  # by a worker that is killed then
    assert delivery.deliver(timezone.now() + delivery.LEASE) == (0, 0)
    assert (Message.objects.get().state, Message.objects.get().last_error) == ("failed", "")


def test_a_failing_renderer_is_retried_and_stops_no_other_message(sent: SentBy) -> None:
    renderers.register("test", lambda message, now: 1 / 0)
    services.queue("test", ["a@example.com"], now=NOW)
    queue("b@example.com")
    assert delivery.deliver(timezone.now()) == (1, 1)
    message = Message.objects.get(state="queued")
    assert (message.attempts, message.last_error) == (1, "ZeroDivisionError: division by zero")
