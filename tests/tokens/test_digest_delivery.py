"""What becomes of a digest: queued, sent, failed; and the fault *Notification not delivered*, open until the address is reached again."""

from datetime import timedelta
from email import message_from_bytes, policy
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core import mail as sent_mail
from django.utils import timezone
from pytest_django import Settings

from portal.faults.models import Fault
from portal.notifications import delivery
from portal.notifications.models import Message
from settings_app.models import Config
from tests.clock import NOW
from tests.notifications.rejecting import RejectingServer, before_last_attempt, deliver, queue
from tests.services import Mailbox
from tests.tokens.scans import OPS, SECURITY, configure, ending, scan, states, told
from tokens.models import Notice, Token

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def undelivered() -> list[str]:
    return list(Fault.objects.open().filter(source="notice-delivery").order_by("resource").values_list("resource", flat=True))


def fails_for_good(rejecting_server: RejectingServer, *addresses: str) -> None:
    """The mail that waits for `addresses` is refused for the last time."""
    rejecting_server.addresses = set(addresses)
    before_last_attempt()
    deliver()
    rejecting_server.addresses = set()


def test_an_accepted_digest_records_time_and_message_id(clock: time_machine.Traveller) -> None:
    configure("15", OPS)
    ending(5)
    scan()
    assert states() == {OPS: "queued"}
    clock.shift(timedelta(minutes=3))
    assert deliver() == (1, 0)
    digest = Message.objects.get()
    assert (digest.state, digest.sent_at, digest.attempts, digest.last_error) == ("sent", NOW + timedelta(minutes=3), 1, "")
    assert digest.message_id == sent_mail.outbox[0].message()["Message-ID"]


def test_a_rejected_digest_records_attempts_and_error(rejecting_server: RejectingServer, clock: time_machine.Traveller) -> None:
    configure("15", OPS)
    ending(5)
    scan()
    rejecting_server.addresses = {OPS}
    for attempts, pause in enumerate(delivery.PAUSES, start=1):
        assert deliver() == (0, 1)
        digest = Message.objects.get()
        assert (digest.state, digest.attempts, digest.sent_at) == ("queued", attempts, None)
        assert digest.last_error == "ConnectionRefusedError: no, with a secret in it"
        assert undelivered() == []
        clock.shift(pause)
    assert deliver() == (0, 1)
    assert (Message.objects.get().state, Message.objects.get().attempts) == ("failed", len(delivery.PAUSES) + 1)
    assert undelivered() == [OPS]
    rejecting_server.addresses = set()
    assert deliver() == (0, 0)


def test_a_digest_accepted_at_a_later_attempt_is_sent(rejecting_server: RejectingServer, clock: time_machine.Traveller) -> None:
    configure("15", OPS)
    ending(5)
    scan()
    rejecting_server.addresses = {OPS}
    deliver()
    rejecting_server.addresses = set()
    clock.shift(timedelta(minutes=1))
    assert deliver() == (1, 0)
    assert (Message.objects.get().state, Message.objects.get().attempts) == ("sent", 2)


def test_a_failed_digest_raises_a_fault_for_its_recipient_only(rejecting_server: RejectingServer) -> None:
    configure("15", f"{OPS};{SECURITY}")
    ending(5)
    scan()
    fails_for_good(rejecting_server, OPS)
    assert states() == {OPS: "failed", SECURITY: "sent"}
    assert undelivered() == [OPS]
    fault = Fault.objects.get(source="notice-delivery")
    assert (fault.name, fault.severity) == ("Notification not delivered", "critical")
    assert OPS in fault.description
    scan()
    fails_for_good(rejecting_server, OPS)
    assert Fault.objects.filter(source="notice-delivery").count() == 1


def test_the_fault_clears_when_a_later_digest_is_accepted(rejecting_server: RejectingServer, clock: time_machine.Traveller) -> None:
    configure("15", OPS)
    ending(5)
    scan()
    fails_for_good(rejecting_server, OPS)
    clock.shift(timedelta(hours=1))
    ending(6)
    scan(timezone.now())
    assert undelivered() == [OPS]
    assert deliver() == (2, 0)
    assert "in 6 days" in "".join(message.body for message in sent_mail.outbox)
    assert undelivered() == []
    scan(timezone.now())
    assert undelivered() == []


def test_the_fault_clears_when_any_email_to_the_address_is_accepted(rejecting_server: RejectingServer) -> None:
    configure("15", OPS)
    ending(5)
    scan()
    fails_for_good(rejecting_server, OPS)
    queue(SECURITY, "Something else", "text")
    deliver()
    assert undelivered() == [OPS]
    queue(OPS, "Something else", "text")
    deliver()
    assert undelivered() == []


def test_the_fault_clears_whatever_the_case_of_the_address(rejecting_server: RejectingServer) -> None:
    configure("15", "Ops@Example.com")
    ending(5)
    scan()
    fails_for_good(rejecting_server, "Ops@Example.com")
    assert undelivered() == ["Ops@Example.com"]
    configure("15", OPS)
    scan()
    assert undelivered() == ["Ops@Example.com"]
    assert deliver() == (1, 0)
    assert undelivered() == []


def test_the_next_scan_queues_a_failed_message_again_and_nothing_else(rejecting_server: RejectingServer) -> None:
    configure("15", OPS)
    known = ending(4)
    scan()
    deliver()
    token = ending(5)
    scan()
    fails_for_good(rejecting_server, OPS)
    message = token.notices.get().message
    run = scan()
    assert (told(run), run.queued) == ({}, 1)
    assert token.notices.get().message == message
    assert known.notices.get().message.state == "sent"
    assert deliver() == (1, 0)
    assert sent_mail.outbox[-1].message()["Message-ID"] == message.message_id
    assert token.name in sent_mail.outbox[-1].body
    assert told(scan()) == {}


def test_a_failure_at_one_threshold_is_notified_at_the_next(rejecting_server: RejectingServer, clock: time_machine.Traveller) -> None:
    configure("30;7", OPS)
    token = ending(8)
    scan()
    fails_for_good(rejecting_server, OPS)
    clock.shift(timedelta(days=1))
    scan(timezone.now())
    assert deliver() == (1, 0)
    assert sorted(token.notices.values_list("threshold", "message__state")) == [(7, "sent"), (30, "failed")]
    assert told(scan(timezone.now())) == {}


def test_the_fault_clears_when_the_address_is_no_longer_in_config(rejecting_server: RejectingServer) -> None:
    configure("15", OPS)
    ending(5)
    scan()
    fails_for_good(rejecting_server, OPS)
    scan()
    assert undelivered() == [OPS]
    Config.objects.filter(key="token_expiration_emails").update(value="somebody.else@example.com")
    scan()
    assert undelivered() == []


def test_an_earlier_success_does_not_hide_a_later_failure(rejecting_server: RejectingServer, clock: time_machine.Traveller) -> None:
    configure("15", OPS)
    ending(5)
    scan()
    deliver()
    clock.shift(timedelta(hours=1))
    ending(6)
    scan(timezone.now())
    fails_for_good(rejecting_server, OPS)
    scan(timezone.now())
    assert undelivered() == [OPS]


def test_another_failed_email_raises_no_fault(rejecting_server: RejectingServer) -> None:
    queue(OPS, "Something else", "text")
    fails_for_good(rejecting_server, OPS)
    assert not Fault.objects.exists()


def test_a_kill_between_accept_and_mark_sends_again_with_the_same_message_id(
    monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller
) -> None:
    class Killed(BaseException):
        pass

    def die(message: Message, subject: str) -> None:
        raise Killed

    configure("15", OPS)
    ending(5)
    scan()
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "record_sent", die)
        with pytest.raises(Killed):
            deliver()
    assert states() == {OPS: "sending"}
    assert told(scan()) == {}
    clock.shift(delivery.LEASE)
    assert deliver() == (1, 0)
    first, second = (message.message()["Message-ID"] for message in sent_mail.outbox)
    assert first == second == Message.objects.get().message_id


def test_a_failed_recording_is_rolled_back(monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller) -> None:
    configure("15", OPS)
    ending(5)
    scan()
    with monkeypatch.context() as patch:
        patch.setattr(delivery.message_sent, "send", lambda **values: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            deliver()
    assert states() == {OPS: "sending"}
    clock.shift(delivery.LEASE)
    assert deliver() == (1, 0)
    assert states() == {OPS: "sent"}


def test_rows_have_readable_names() -> None:
    configure("15", OPS)
    token = ending(5)
    scan()
    assert str(Message.objects.get()) == f"expiry_digest of 2026-11-21 09:30 UTC to {OPS}"
    assert str(Notice.objects.get()) == f"{token.pk} at 15 days to {OPS}"


@pytest.mark.usefixtures("in_utc")
def test_a_real_server_receives_text_and_html(smtp_server: Mailbox, settings: Settings) -> None:
    address = urlsplit(smtp_server.url)
    settings.EMAIL_HOST, settings.EMAIL_PORT = address.hostname, address.port
    settings.EMAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
    configure("15", OPS)
    ending(5, name="dépl{% debug %}oy", user__username="robot", last_four="5CEQ")
    scan()
    assert deliver() == (1, 0)
    envelope = smtp_server.messages[0]
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert envelope.rcpt_tos == [OPS]
    assert (message["To"], message["From"]) == (OPS, settings.DEFAULT_FROM_EMAIL)
    assert message["Message-ID"] == Message.objects.get().message_id
    assert message["Subject"].strip() == "API token dépl{% debug %}oy of robot expires in 5 days"
    text, html = (message.get_body([kind]).get_content() for kind in ("plain", "html"))
    assert "dépl{% debug %}oy (tpp_…5CEQ) of robot" in text
    assert "expires:   2026-11-26 23:59 UTC, in 5 days" in text
    assert "<bdi>dépl{% debug %}oy</bdi></a>" in html


@pytest.mark.parametrize("change", ["put_off", "unlisted", "failed"])
def test_no_other_message_repeats_what_may_have_been_sent(
    change: str, rejecting_server: RejectingServer, clock: time_machine.Traveller
) -> None:
    """A worker was killed after the mail server had accepted the message. Whatever happens then, its tokens are in no other message."""
    configure("15", OPS)
    token = ending(5, name="deploy")
    scan()
    (message,) = delivery.claim(timezone.now())
    ends = token.expires_at
    if change == "put_off":
        Token.objects.update(expires_at=ends + timedelta(days=100))
    if change == "unlisted":
        configure("15", SECURITY)
    clock.shift(delivery.LEASE)
    rejecting_server.addresses = {OPS}
    deliver()
    before_last_attempt()
    deliver()
    rejecting_server.addresses = set()
    Token.objects.update(expires_at=ends)
    configure("15", OPS)
    scan()
    deliver()
    assert [email.message()["Message-ID"] for email in sent_mail.outbox if email.to == [OPS]] == [message.message_id]
    assert [notice.message for notice in Notice.objects.filter(address=OPS)] == [message]
    assert told(scan()) == {}
