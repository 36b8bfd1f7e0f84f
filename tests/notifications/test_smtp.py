"""What a real mail server sees of the portal: the greeting, the password, and every byte of an email."""

from collections.abc import Iterator
from email import message_from_bytes

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from django.core import mail as outbox
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from pytest_django import Settings

from portal.notifications import delivery
from portal.notifications.channels.smtp import EmailBackend
from portal.users import emails
from tests.clock import NOW
from tests.factories import UserFactory
from tests.notifications.rejecting import queue
from tests.ports import free_port
from tests.tokens.scans import OPS, configure, ending, scan

RUNS_ON = "sqlite"
PASSWORD = "pässwörd-€"


class Handler:
    """Keeps what the server was given."""

    def __init__(self) -> None:
        self.greetings: list[str] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.envelopes: list[Envelope] = []

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]) -> list[str]:  # noqa: N802
        self.greetings.append(hostname)
        session.host_name = hostname
        return [each for each in responses if "8BITMIME" not in each]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=True)


@pytest.fixture(params=["PLAIN", "LOGIN"])
def server(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Handler]:
    """A mail server that wants a password and does not announce 8BITMIME."""
    handler = Handler()
    other = {"PLAIN": "LOGIN", "LOGIN": "PLAIN"}[request.param]
    options = {"authenticator": handler.authenticate, "auth_require_tls": False, "auth_exclude_mechanism": [other]}
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "portal", PASSWORD
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield handler
    controller.stop()


def test_smtp_uses_our_name_utf8_passwords_and_seven_bits(server: Handler, settings: Settings) -> None:
    settings.EMAIL_HELO_NAME = "portal.example.com"
    text, html = "Grüße, 東京 " * 40, "<p>Grüße, 東京</p>"
    message = EmailMultiAlternatives("Größe", text, "portal@example.com", ["a@example.com"], alternatives=[(html, "text/html")])
    assert EmailBackend().send_messages([message]) == 1
    assert set(server.greetings) == {"portal.example.com"}
    assert server.logins == [(b"portal", PASSWORD.encode())]
    (envelope,) = server.envelopes
    assert envelope.content.isascii()
    parts = message_from_bytes(envelope.content).get_payload()
    assert [part["Content-Transfer-Encoding"] for part in parts] == ["quoted-printable"] * 2
    assert [part.get_payload(decode=True).decode().strip() for part in parts] == [text.strip(), html]


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("https://portal.example.com:8443", "portal.example.com"),
        ("https://bücher.example", "xn--bcher-kva.example"),
        ("http://192.0.2.7", "[192.0.2.7]"),
        ("http://[2001:db8::1]:8000", "[IPv6:2001:db8::1]"),
    ],
)
def test_the_helo_name_is_the_host_of_portal_url(origin: str, name: str) -> None:
    from portal.env import urls

    assert urls.helo_name(urls.host_of(urls.origin(origin))) == name


@pytest.mark.django_db
def test_every_email_says_that_it_is_automatic(settings: Settings) -> None:
    user = UserFactory()
    queue("a@example.com")
    emails.queue_password_changed(user, timezone.now(), None, first=False)
    assert delivery.deliver(timezone.now()) == (2, 0)
    for message in (email.message() for email in outbox.outbox):
        assert (message["Auto-Submitted"], message["List-Id"]) == ("auto-generated", None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("origin", "list_id"),
    [
        ("https://portal.example.com", "Token Portal <expiry.portal.example.com>"),
        ("http://127.0.0.1:8000", "Token Portal <expiry.localhost>"),
    ],
)
def test_a_digest_has_a_list_id(origin: str, list_id: str, settings: Settings) -> None:
    settings.PORTAL_URL = origin
    configure("15", OPS)
    ending(5, NOW)
    scan()
    delivery.deliver(NOW)
    assert outbox.outbox[0].message()["List-Id"] == list_id
