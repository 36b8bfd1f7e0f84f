"""The SMTP connection through which emails go to the mail server of EMAIL_URL."""

from contextlib import suppress

from django.core.mail import EmailMessage
from django.core.mail.backends import smtp

from portal.domains import email_address


class EmailBackend(smtp.EmailBackend):
    def _send(self, email_message: EmailMessage) -> bool:
        """Sends one message, to `ops@xn--strae-oqa.example` if it is for `ops@straße.example`. Django's own conversion (IDNA 2003) would
        send it to `ops@strasse.example`, which belongs to somebody else."""
        with suppress(ValueError):  # what is no host name at all is the mail server's to reject
            email_message.to = [email_address(address) for address in email_message.to]
        return super()._send(email_message)
