"""Django's EMAIL_BACKEND: what libraries send goes through the outbox too."""

from collections.abc import Sequence
from datetime import datetime

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone

from portal.notifications import services
from portal.notifications.models import Message
from portal.notifications.renderers import Content

LIBRARY = "library"


class OutboxBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queues each email, once for each recipient. They are kept as they are until they are sent."""
        with transaction.atomic():
            for email in email_messages:
                html = next((part[0] for part in getattr(email, "alternatives", []) if part[1] == "text/html"), "")
                content = Content(str(email.subject), str(email.body), html, email.extra_headers)
                services.queue(LIBRARY, email.recipients(), now=timezone.now(), content=content._asdict())
        return len(email_messages)


def render_library_email(message: Message, now: datetime) -> Content:
    return Content(**message.content or {})
