"""Send a test email: each address of Config gets one at once, and the mail server's own answer is shown."""

import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

import settings_app.services as config
from portal.notifications.channels import test_email
from portal.notifications.models import Message
from tests.clock import BUSY
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tests.ports import free_port
from tests.services import Mailbox

pytestmark = pytest.mark.django_db
OPS, GONE, SECURITY = "ops@example.com", "gone@example.com", "security@example.com"
ACCEPTED = "Accepted"


@pytest.fixture
def server(smtp_server: Mailbox, settings: Settings) -> Mailbox:
    """A real mail server that knows nobody at GONE."""

    async def refuse_one(server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address == GONE:
            return "550 5.1.1 no such <b>user</b>"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    smtp_server.handle_RCPT = refuse_one
    use(settings, urlsplit(smtp_server.url).port)
    return smtp_server


def use(settings: Settings, port: int | None, host: str = "127.0.0.1") -> None:
    settings.EMAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL = {"EMAIL_HOST": host}
    settings.EMAIL_HOST, settings.EMAIL_PORT = host, port


def send(visitor: Visitor) -> dict[str, str]:
    """What the window shows beside each address."""
    page = Page(visitor.send("tokens:test_email"))
    assert page.status == 200
    lines = page.one("ul", "email-results").all("li")
    return {line.one("span", "email-address").text: (line.all("code") or line.all("span", "pill"))[0].text for line in lines}


def test_each_address_gets_a_mail_at_once_and_past_the_queue(as_administrator: Visitor, server: Mailbox, settings: Settings) -> None:
    config.add("token_expiration_emails", f"{OPS};{SECURITY}", None)
    assert send(as_administrator) == {OPS: ACCEPTED, SECURITY: ACCEPTED}
    assert [envelope.rcpt_tos for envelope in server.messages] == [[OPS], [SECURITY]]
    message = message_from_bytes(server.messages[0].content, policy=policy.default)
    assert (message["To"], message["From"], message["Subject"]) == (OPS, settings.DEFAULT_FROM_EMAIL, "Test email from Token Portal")
    parts = [message.get_body([kind]).get_content() for kind in ("plain", "html")]
    assert all("alice@example.com sent it from Token Portal" in part for part in parts)
    assert message["Message-ID"].endswith("@127.0.0.1>")
    assert not Message.objects.exists()


def test_the_servers_own_words_are_shown_and_one_refused_address_does_not_stop_the_others(
    as_administrator: Visitor, server: Mailbox
) -> None:
    config.add("token_expiration_emails", f"{OPS};{GONE};{SECURITY}", None)
    assert send(as_administrator) == {OPS: ACCEPTED, GONE: "550 5.1.1 no such <b>user</b>", SECURITY: ACCEPTED}
    assert [envelope.rcpt_tos for envelope in server.messages] == [[OPS], [SECURITY]]


def test_a_message_that_is_refused_after_its_text_was_sent(as_administrator: Visitor, server: Mailbox) -> None:
    config.add("token_expiration_emails", OPS, None)
    server.refuse = "451 4.7.1 Greylisted, try again later"
    assert send(as_administrator) == {OPS: "451 4.7.1 Greylisted, try again later"}


def test_a_server_that_is_not_there_is_said_for_each_address_and_asked_once(
    as_administrator: Visitor, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(settings, free_port())
    tried = []
    connect = smtplib.SMTP.connect
    monkeypatch.setattr(smtplib.SMTP, "connect", lambda *args: tried.append(args) or connect(*args))
    config.add("token_expiration_emails", f"{OPS};{SECURITY}", None)
    assert send(as_administrator) == {OPS: "Connection refused", SECURITY: "Connection refused"}
    assert len(tried) == 1


def test_a_servers_name_that_nobody_knows_is_said(as_administrator: Visitor, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **options: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    use(settings, 25, host="mail.invalid")
    config.add("token_expiration_emails", OPS, None)
    assert send(as_administrator) == {OPS: "Name or service not known"}


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(20)
        yield listener.getsockname()[1]


def test_a_server_that_says_nothing_is_given_up_once(
    as_administrator: Visitor, settings: Settings, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_email, "REPLY_SECONDS", 0.5)
    use(settings, silent)
    config.add("token_expiration_emails", ";".join(f"a{number}@example.com" for number in range(20)), None)
    began = time.monotonic()
    assert set(send(as_administrator).values()) == {"Connection unexpectedly closed: timed out"}
    assert time.monotonic() - began < 20 * 0.5  # one wait for each of them


def test_all_of_it_ends_in_time_even_if_the_server_trickles(
    as_administrator: Visitor, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter of its greeting now and then: no answer is ever late, and none ever comes."""
    ended = threading.Event()

    def trickle(listener: socket.socket) -> None:
        conversation, _ = listener.accept()
        with conversation:
            while not ended.wait(0.1):
                conversation.sendall(b"2")

    monkeypatch.setattr(test_email, "REPLY_SECONDS", 0.5)
    monkeypatch.setattr(test_email, "MAX_SECONDS", 1)
    monkeypatch.setattr(test_email, "TOO_LATE", "No reply within 1 second.")
    config.add("token_expiration_emails", f"{OPS};{SECURITY}", None)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        use(settings, listener.getsockname()[1])
        server = threading.Thread(target=trickle, args=(listener,))
        server.start()
        began = time.monotonic()
        assert send(as_administrator) == dict.fromkeys((OPS, SECURITY), "No reply within 1 second.")
        assert time.monotonic() - began < 1 + BUSY
        ended.set()
        server.join()


def test_the_bounds_are_short_enough_for_a_page_that_somebody_waits_for() -> None:
    assert test_email.REPLY_SECONDS <= 5
    assert test_email.MAX_SECONDS <= 15  # htmx itself gives up after 20 seconds


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 Bad\r\ncredentials"), "535 5.7.8 Bad credentials"),
        (smtplib.SMTPSenderRefused(553, b"5.7.1 not yours", "x@example.com"), "553 5.7.1 not yours"),
        (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), "Connection unexpectedly closed"),
        (smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."), "STARTTLS extension not supported by server."),
        (ConnectionResetError(104, "Connection reset by peer"), "Connection reset by peer"),
        (TimeoutError("timed out"), "timed out"),
        (ValueError(), "ValueError"),
        (smtplib.SMTPDataError(554, b"x" * 900), "554 " + "x" * 496),
        (smtplib.SMTPDataError(554, b"\xff"), "554 \N{REPLACEMENT CHARACTER}"),
    ],
)
def test_every_failure_has_words(error: Exception, words: str) -> None:
    assert test_email.words(error) == words


def test_it_is_asked_first_and_opening_the_window_sends_nothing(as_administrator: Visitor, server: Mailbox) -> None:
    config.add("token_expiration_emails", f"{OPS};{SECURITY}", None)
    page = Visitor(as_administrator.user, htmx="window").see("tokens:test_email")
    assert "each of these 2 addresses" in page.text
    assert [line.text for line in page.one("ul", "chosen").all("li")] == [OPS, SECURITY]
    assert page.all("ul", "email-results") == server.messages == []


def test_without_addresses_it_says_so(as_administrator: Visitor, server: Mailbox) -> None:
    for page in (as_administrator.see("tokens:test_email"), Page(as_administrator.send("tokens:test_email"))):
        assert "No addresses are set. Add the key User Token Expiration Notification Emails first." in page.text
        assert page.status == 200
    assert server.messages == []


def test_without_a_mail_server_it_says_that_mails_become_files(as_administrator: Visitor) -> None:
    config.add("token_expiration_emails", OPS, None)
    assert "No mail server is configured" in as_administrator.see("tokens:test_email").text
    assert send(as_administrator) == {OPS: ACCEPTED}


def test_the_window_opens_from_the_card_and_from_the_row_of_the_addresses(as_administrator: Visitor) -> None:
    config.add("token_expiration_emails", OPS, None)
    config.add("token_expiration_days", "15", None)
    links = as_administrator.see("settings:config").all("a", href="/administrator/system-settings/config/test-mail/")
    assert [link.text for link in links] == ["Send a test email"] * 2


def test_a_sender_that_mail_servers_reject_is_named_before_the_email_is_sent(as_administrator: Visitor, settings: Settings) -> None:
    config.add("token_expiration_emails", OPS, None)
    use(settings, 25)
    settings.DEFAULT_FROM_EMAIL = "Portal <portal@localhost>"
    assert "Most mail servers reject the sender portal@localhost." in as_administrator.see("tokens:test_email").text
    settings.DEFAULT_FROM_EMAIL = "Portal <portal@acme.com>"
    assert "reject" not in as_administrator.see("tokens:test_email").text
