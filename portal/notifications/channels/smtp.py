"""The SMTP connection through which emails go to the mail server of EMAIL_URL."""

import smtplib
from collections.abc import Callable
from contextlib import suppress
from email.charset import QP, Charset
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends import smtp

from portal.core.domains import email_address

# Seven bits, whatever the text: a server that does not announce 8BITMIME may reject or spoil anything else (RFC 6152), and neither
# Django nor smtplib asks whether it does.
SEVEN_BITS = Charset("utf-8")
SEVEN_BITS.body_encoding = QP


def helo_name() -> str:
    return settings.EMAIL_HELO_NAME


class Utf8(str):
    """smtplib encodes user names and passwords as ASCII. SASL says UTF-8 (RFC 4616, section 2)."""

    def encode(self, *args: Any, **options: Any) -> bytes:
        return str(self).encode("utf-8")


class Connection(smtplib.SMTP):
    """User names and passwords may be beyond ASCII."""

    def login(self, user: str, password: str, *, initial_response_ok: bool = True) -> tuple[int, bytes]:
        return super().login(Utf8(user), Utf8(password), initial_response_ok=initial_response_ok)

    def auth_plain(self, challenge: Any = None) -> str:
        return Utf8(super().auth_plain(challenge))


class TlsConnection(Connection, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    @property
    def connection_class(self) -> Callable[..., smtplib.SMTP]:  # type: ignore[override]  # Django only calls it
        """Greets the mail server by EMAIL_HELO_NAME. A container's own name, which Django would send, is one that servers reject."""
        connection = TlsConnection if self.use_ssl else Connection
        return lambda *args, **options: connection(*args, **options | {"local_hostname": helo_name()})

    def _send(self, email_message: EmailMessage) -> bool:
        """Sends one message, to `ops@xn--strae-oqa.example` if it is for `ops@straße.example`. Django's own conversion (IDNA 2003) would
        send it to `ops@strasse.example`, which belongs to somebody else."""
        with suppress(ValueError):  # what is no host name at all is the mail server's to reject
            email_message.to = [email_address(address) for address in email_message.to]
        email_message.encoding = SEVEN_BITS
        return super()._send(email_message)  # type: ignore[misc]  # a method that the stubs leave out
