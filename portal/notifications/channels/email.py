"""Messages as emails, through Django's backend in EMAIL_TRANSPORT."""

from contextlib import suppress

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from portal.notifications.models import Message
from portal.notifications.renderers import Content

# No absence notice replies to an automatic email (RFC 3834, section 5; Exchange looks at the second header).
AUTOMATIC = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


class EmailChannel:
    """One connection for all emails of a run. After an error the next email gets a new one: on the old one it would not be accepted."""

    def __init__(self) -> None:
        self.connection = get_connection(settings.EMAIL_TRANSPORT)

    def send(self, message: Message, content: Content) -> None:
        try:
            self.connection.open()
            self.connection.send_messages([compose(message, content)])
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        with suppress(Exception):  # whatever the server replies to QUIT
            self.connection.close()


def compose(message: Message, content: Content) -> EmailMultiAlternatives:
    headers = AUTOMATIC | (content.headers or {}) | {"Message-ID": message.message_id}
    email = EmailMultiAlternatives(content.subject, content.text, settings.DEFAULT_FROM_EMAIL, [message.recipient], headers=headers)
    if content.html:
        email.attach_alternative(content.html, "text/html")
    return email
