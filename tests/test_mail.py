"""Mail is first a row in the queue, in the transaction of what it is about; its subject is one line and its text is not a template."""

from typing import Any

import pytest
from django.core import mail as sent_mail
from django.core.mail import EmailMultiAlternatives, send_mail
from django.db import transaction
from django.utils import timezone
from post_office.models import STATUS, Email
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from portal import settings as portal_settings
from portal.notifications import delivery, tasks
from portal.notifications import emails as mail

pytestmark = pytest.mark.django_db


def test_a_mail_waits_in_the_queue_with_its_sender_and_a_message_id_of_our_host(settings: Settings) -> None:
    settings.PORTAL_URL = "https://portal.example.com:8443"
    email = mail.queue(["a@example.com"], "Hello", "text", "<p>html</p>")
    stored = Email.objects.get()
    assert stored == email
    assert (stored.status, stored.to, stored.subject, stored.message, stored.html_message) == (
        STATUS.queued,
        ["a@example.com"],
        "Hello",
        "text",
        "<p>html</p>",
    )
    assert stored.from_email == settings.DEFAULT_FROM_EMAIL
    assert stored.message_id.endswith("@portal.example.com>")


def test_a_mail_whose_transaction_is_undone_never_was() -> None:
    with transaction.atomic():
        mail.queue(["a@example.com"], "Hello", "text")
        transaction.set_rollback(True)
    assert not Email.objects.exists()


@pytest.mark.parametrize(
    "subject", ["Hello\r\nBcc: victim@example.com", "Hello\n\nBcc: victim@example.com", " Hello\tBcc: victim@example.com "]
)
def test_a_subject_is_one_line_so_that_no_name_can_add_a_header(subject: str) -> None:
    message = mail.queue(["a@example.com"], subject, "text").email_message().message()
    assert message["Subject"] == "Hello Bcc: victim@example.com"
    assert message["Bcc"] is None


def test_a_long_subject_is_cut() -> None:
    assert len(mail.queue(["a@example.com"], "x" * 5000, "text").subject) == 200


@pytest.mark.parametrize("text", ["{% debug %}", "{{ settings.SECRET_KEY }}", "{% load static %}", "{% include 'base.html' %}"])
def test_what_looks_like_a_template_is_sent_as_it_is(text: str) -> None:
    message = mail.queue(["a@example.com"], text, text, text).email_message()
    assert (message.subject, message.body, message.alternatives[0][0]) == (text, text, text)


def test_what_libraries_send_goes_through_the_same_queue(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    asked: list[Any] = []
    settings.EMAIL_BACKEND = portal_settings.EMAIL_BACKEND  # Django puts another one in its place for tests
    monkeypatch.setattr(tasks.deliver_mail, "apply_async", lambda **options: asked.append(options))
    message = EmailMultiAlternatives("Hello", "text", "x@example.com", ["a@example.com"], headers={"X-Kind": "reset"})
    message.attach_alternative("<p>html</p>", "text/html")
    with django_capture_on_commit_callbacks(execute=True):
        assert message.send() == 1
        assert send_mail("Plain", "text", None, ["b@example.com"]) == 1
    rich, plain = Email.objects.order_by("pk")
    assert (rich.to, rich.message, rich.html_message, rich.headers) == (
        ["a@example.com"],
        "text",
        "<p>html</p>",
        mail.AUTOMATIC | {"X-Kind": "reset"},
    )
    assert (plain.to, plain.message, plain.html_message) == (["b@example.com"], "text", "")
    assert len(asked) == 2


def test_a_mail_that_is_written_when_it_is_sent_waits_without_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter(["first", "second"])
    monkeypatch.setitem(
        delivery.writers, "test", lambda email, now: delivery.Content(f"{next(said)} to {email.to[0]}", "text", "<p>html</p>")
    )
    emails = mail.queue_unwritten("test", "Later", ["a@example.com", "b@example.com"])
    assert [(email.to, email.subject, email.message) for email in Email.objects.order_by("pk")] == [
        (["a@example.com"], "Later", ""),
        (["b@example.com"], "Later", ""),
    ]
    assert len({email.message_id for email in emails}) == 2
    assert delivery.deliver(timezone.now()) == (2, 0)
    assert [message.subject for message in sent_mail.outbox] == ["first to a@example.com", "second to b@example.com"]
    assert {(email.message, email.html_message) for email in Email.objects.all()} == {("", "")}


def test_a_mail_that_has_nothing_to_say_any_more_is_not_sent_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(delivery.writers, "test", lambda email, now: None)
    mail.queue_unwritten("test", "Later", ["a@example.com"])
    assert delivery.deliver(timezone.now()) == (0, 0)
    assert not sent_mail.outbox
    assert not Email.objects.exists()


def test_a_writer_that_fails_is_asked_again_later_and_stops_no_other_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(delivery.writers, "test", lambda email, now: 1 / 0)
    mail.queue_unwritten("test", "Later", ["a@example.com"])
    mail.queue(["b@example.com"], "Hello", "text")
    assert delivery.deliver(timezone.now()) == (1, 1)
    assert Email.objects.get(status=STATUS.requeued).logs.get().exception_type == "ZeroDivisionError"
