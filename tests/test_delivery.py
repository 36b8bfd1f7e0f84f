"""Handing queued mail to the mail server: sent only once the server took it, tried again with pauses, given up with a fault."""

from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core import mail as sent_mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone
from post_office.models import STATUS, Email, Log
from pytest_django import Settings

from portal import delivery, mail, tasks
from portal.faults.models import Fault
from settings_app.models import Config
from tests.clock import NOW, SECOND
from tests.services import Mailbox
from tests.tokens.scans import OPS, SECURITY, configure, ending, scan

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the server refuse mails to an address, from now on; with "" none."""
    refused = [""]
    take = EmailBackend.send_messages

    def send(backend: EmailBackend, messages: list) -> int:
        if refused[0] in [address for message in messages for address in message.to]:
            raise ConnectionRefusedError("no, with a secret in it")
        return take(backend, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", send)
    return lambda address: refused.__setitem__(0, address)


def queue(to: str = OPS) -> Email:
    return mail.queue([to], "subject", "text", "<p>html</p>")


def deliver() -> tuple[int, int]:
    return delivery.deliver(timezone.now())


def test_a_mail_that_the_server_took_is_sent_once_and_its_text_is_not_kept() -> None:
    email = queue()
    assert deliver() == (1, 0)
    assert deliver() == (0, 0)
    assert [(message.to, message.body) for message in sent_mail.outbox] == [([OPS], "text")]
    email.refresh_from_db()
    assert (email.status, email.message, email.html_message, email.scheduled_time) == (STATUS.sent, "", "", None)
    assert email.logs.get().status == STATUS.sent


def test_one_refused_mail_does_not_stop_the_others(refuse: Callable[[str], None]) -> None:
    refuse("b@example.com")
    for name in "abc":
        queue(f"{name}@example.com")
    assert deliver() == (2, 1)
    assert [message.to for message in sent_mail.outbox] == [["a@example.com"], ["c@example.com"]]


def test_a_refused_mail_keeps_its_text_and_waits_for_its_pause(refuse: Callable[[str], None], clock: time_machine.Traveller) -> None:
    email = queue()
    refuse(OPS)
    assert deliver() == (0, 1)
    email.refresh_from_db()
    assert (email.status, email.message, email.scheduled_time) == (STATUS.requeued, "text", NOW + timedelta(minutes=1))
    refuse("")
    clock.move_to(NOW + timedelta(seconds=59))
    assert deliver() == (0, 0)
    clock.move_to(NOW + timedelta(seconds=60))
    assert deliver() == (1, 0)
    assert len(sent_mail.outbox) == 1


def test_the_pauses_grow_and_after_three_days_of_tries_the_mail_is_given_up(
    refuse: Callable[[str], None], clock: time_machine.Traveller
) -> None:
    email = queue()
    refuse(OPS)
    pauses = []
    while deliver() == (0, 1):
        email.refresh_from_db()
        if email.status == STATUS.failed:
            break
        pauses.append(email.scheduled_time - timezone.now())
        clock.move_to(email.scheduled_time)
    assert pauses[:4] == [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60)]
    assert pauses == sorted(pauses)
    assert timedelta(days=3) <= sum(pauses, timedelta()) <= timedelta(days=4)
    assert email.number_of_retries == len(pauses) + 1
    clock.shift(timedelta(days=30))
    assert deliver() == (0, 0)
    assert not sent_mail.outbox


def test_each_refusal_is_in_the_log_with_its_reason(refuse: Callable[[str], None]) -> None:
    email = queue()
    refuse(OPS)
    deliver()
    log = Log.objects.get(email=email)
    assert (log.status, log.exception_type, log.message) == (STATUS.failed, "ConnectionRefusedError", "no, with a secret in it")


def test_a_mail_that_a_killed_worker_had_taken_is_taken_up_when_its_lease_is_over(clock: time_machine.Traveller) -> None:
    queue()
    taken = next(delivery.due(NOW))
    assert taken.scheduled_time == NOW + delivery.TAKEN_FOR
    clock.move_to(NOW + delivery.TAKEN_FOR - SECOND)
    assert deliver() == (0, 0)
    clock.move_to(NOW + delivery.TAKEN_FOR)
    assert deliver() == (1, 0)


def test_a_mail_sent_twice_by_a_kill_at_the_worst_moment_has_the_same_message_id(
    monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller
) -> None:
    class Killed(BaseException):
        pass

    def die(email: Email) -> None:
        raise Killed

    queue()
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "mark_sent", die)
        with pytest.raises(Killed):
            deliver()
    clock.shift(delivery.TAKEN_FOR)
    assert deliver() == (1, 0)
    first, second = (message.message()["Message-ID"] for message in sent_mail.outbox)
    assert first == second


def give_up(email: Email) -> None:
    Email.objects.filter(pk=email.pk).update(number_of_retries=len(delivery.PAUSES))


def undelivered() -> list[str]:
    return list(Fault.objects.open().filter(source="notice-delivery").order_by("resource").values_list("resource", flat=True))


def test_a_notice_that_was_given_up_raises_a_fault_with_the_next_scan_and_only_for_its_address(refuse: Callable[[str], None]) -> None:
    configure("15", f"{OPS};{SECURITY}")
    ending(5)
    scan()
    refuse(OPS)
    give_up(Email.objects.get(to=OPS))
    assert deliver() == (1, 1)
    assert undelivered() == []
    scan()
    assert undelivered() == [OPS]
    fault = Fault.objects.get(source="notice-delivery")
    assert (fault.name, fault.severity) == ("Notice not delivered", "critical")
    assert OPS in fault.description
    scan()
    assert Fault.objects.filter(source="notice-delivery").count() == 1


def test_the_fault_clears_when_a_later_notice_is_taken(refuse: Callable[[str], None], clock: time_machine.Traveller) -> None:
    configure("15", OPS)
    ending(5)
    scan()
    refuse(OPS)
    give_up(Email.objects.get())
    deliver()
    scan()
    clock.shift(timedelta(hours=1))
    refuse("")
    ending(6)
    scan(timezone.now())
    assert undelivered() == [OPS]
    deliver()
    assert "6 days left" in "".join(message.body for message in sent_mail.outbox)
    scan(timezone.now())
    assert undelivered() == []


def test_what_was_given_up_is_told_anew_by_the_next_scan(refuse: Callable[[str], None]) -> None:
    configure("15", OPS)
    token = ending(5)
    scan()
    refuse(OPS)
    first = Email.objects.get()
    give_up(first)
    deliver()
    refuse("")
    scan()
    again = Email.objects.exclude(pk=first.pk).get()
    assert token.name in again.message
    assert token.notices.get().email == again
    assert deliver() == (1, 0)
    scan()
    assert Email.objects.count() == 2


def test_the_fault_clears_when_the_address_is_no_longer_in_config(refuse: Callable[[str], None]) -> None:
    configure("15", OPS)
    ending(5)
    scan()
    refuse(OPS)
    give_up(Email.objects.get())
    deliver()
    scan()
    assert undelivered() == [OPS]
    Config.objects.filter(key="token_expiration_emails").update(value="somebody.else@example.com")
    scan()
    assert undelivered() == []


def test_an_earlier_success_does_not_hide_a_later_failure(refuse: Callable[[str], None], clock: time_machine.Traveller) -> None:
    configure("15", OPS)
    ending(5)
    scan()
    deliver()
    clock.shift(timedelta(hours=1))
    refuse(OPS)
    ending(6)
    scan(timezone.now())
    give_up(Email.objects.get(status=STATUS.queued))
    deliver()
    scan(timezone.now())
    assert undelivered() == [OPS]


def test_a_mail_that_is_still_being_tried_raises_no_fault(refuse: Callable[[str], None]) -> None:
    configure("15", OPS)
    ending(5)
    scan()
    refuse(OPS)
    deliver()
    scan()
    assert undelivered() == []


def test_the_task_delivers_what_is_due_now() -> None:
    queue()
    tasks.deliver_mail()
    assert len(sent_mail.outbox) == 1


@pytest.fixture
def real_server(smtp_server: Mailbox, settings: Settings) -> Mailbox:
    address = urlsplit(smtp_server.url)
    settings.EMAIL_HOST, settings.EMAIL_PORT = address.hostname, address.port
    settings.POST_OFFICE = {**settings.POST_OFFICE, "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"}}
    return smtp_server


def test_a_real_server_gets_the_digest_as_text_and_html_from_and_to_the_right_address(real_server: Mailbox, settings: Settings) -> None:
    configure("15", OPS)
    ending(5, name="dépl{% debug %}oy", user__username="robot", last_four="5CEQ")
    scan()
    assert deliver() == (1, 0)
    envelope = real_server.messages[0]
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert envelope.rcpt_tos == [OPS]
    assert (message["To"], message["From"]) == (OPS, settings.DEFAULT_FROM_EMAIL)
    assert message["Subject"].strip() == "API token dépl{% debug %}oy of robot expires in 5 days"
    text, html = (message.get_body([kind]).get_content() for kind in ("plain", "html"))
    assert "dépl{% debug %}oy (…5CEQ) of robot" in text
    assert "expires:   2026-11-26 23:59 UTC, 5 days left" in text
    assert ">dépl{% debug %}oy</a>" in html


def test_a_mail_counts_as_sent_only_once_a_real_server_took_it(real_server: Mailbox, clock: time_machine.Traveller) -> None:
    email = queue()
    real_server.refuse = "451 4.7.1 Greylisted, try again later"
    assert deliver() == (0, 1)
    email.refresh_from_db()
    assert email.status == STATUS.requeued
    assert "Greylisted" in email.logs.get().message
    real_server.refuse = None
    clock.shift(timedelta(minutes=1))
    assert deliver() == (1, 0)
    assert len(real_server.messages) == 1
    email.refresh_from_db()
    assert email.status == STATUS.sent


def test_a_server_that_is_not_there_means_not_taken(real_server: Mailbox, settings: Settings) -> None:
    settings.EMAIL_PORT = 1
    email = queue()
    assert deliver() == (0, 1)
    assert email.logs.get().exception_type == "ConnectionRefusedError"
