"""Mail: one short function for each, taking addresses and plain values, and the queue that all of it goes through.

A mail is first a row (post_office's Email) in the caller's transaction; `portal.notifications.delivery` hands it to the mail server.
"""

import re
from collections import Counter
from collections.abc import Sequence
from email.utils import make_msgid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from post_office.models import PRIORITY, STATUS, Email

from portal.core.tasks import look_now
from portal.notifications.delivery import Content
from portal.notifications.tasks import deliver_mail


def queue(to: Sequence[str], subject: str, text: str, html: str = "", headers: dict[str, str] | None = None) -> Email:
    """Puts one mail into the queue. Source: post_office's `mail.create`, which is passed by because it renders what it is
    given as a Django template, so that a token named `{% debug %}` would be carried out."""
    email = new(to, subject, message=text, html_message=html, headers=headers)
    email.save()
    return email


def queue_unwritten(
    writer: str, subject: str, addresses: Sequence[str], headers: dict[str, str] | None = None, **about: Any
) -> list[Email]:
    """Queues an email to each address. `delivery.writers[writer]` renders it when it is sent. `about`: what it needs for that, in
    values that JSON knows."""
    context = {"writer": writer, **about}
    return Email.objects.bulk_create([new([address], subject, headers, context=context) for address in addresses])


# Nobody's absence notice answers a machine (RFC 3834, section 5; Exchange looks for the second one).
AUTOMATIC = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


def list_headers(name: str) -> dict[str, str]:
    """Those of a notification that comes again and again, by which people sort or mute it (RFC 2919). `name`: one word for its kind."""
    host = urlsplit(settings.PORTAL_URL).hostname
    host = host if re.search("[a-z]", host) and ":" not in host else "localhost"  # an address is no domain, which it needs
    phrase = re.sub(r"[^A-Za-z0-9 ]", "", settings.PORTAL_NAME).strip() or "Token Portal"
    return {"List-Id": f"{phrase} <{name}.{host}>"}


def new(to: Sequence[str], subject: str, headers: dict[str, str] | None = None, **values: Any) -> Email:
    return Email(
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=list(to),
        subject=one_line(subject),
        headers=AUTOMATIC | (headers or {}),
        priority=PRIORITY.medium,
        status=STATUS.queued,
        message_id=make_msgid(domain=urlsplit(settings.PORTAL_URL).hostname),
        **values,
    )


def one_line(subject: str) -> str:
    return " ".join(subject.split())[:200]


class QueueBackend(BaseEmailBackend):
    """Django's EMAIL_BACKEND: what libraries send (sign-in's password reset) goes through the same queue."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            html = next((part[0] for part in getattr(message, "alternatives", []) if part[1] == "text/html"), "")
            queue(message.recipients(), message.subject, message.body, html, message.extra_headers)
        look_now(deliver_mail)
        return len(email_messages)


def absolute(path: str) -> str:
    """The full address of a page, for use outside the browser."""
    return settings.PORTAL_URL + path


def write(template: str, subject: str, context: dict[str, Any]) -> Content:
    """What `templates/mail/<template>.txt` and `.html` make of `context`."""
    context = {"portal_name": settings.PORTAL_NAME, "portal_url": settings.PORTAL_URL, "subject": subject, **context}
    subject = one_line(subject)
    return Content(subject, render_to_string(f"mail/{template}.txt", context), render_to_string(f"mail/{template}.html", context))


def in_days(days: int) -> str:
    return f"in {days} day{'' if days == 1 else 's'}" if days else "today"


OWNERS_COUNTED = 20


def expiry_digest(tokens: Sequence[dict[str, Any]], left_out: Counter[str], link: str) -> Content:
    """Warns of tokens that end soon. Each of `tokens`: name, last_four, owner, expires (text with zone), days_left, over (has it
    ended?), last_used (text), link. `left_out` counts those that the list leaves out, by owner; `link` shows them all."""
    more = left_out.total()
    owners = ", ".join(f"{count:,} of {owner}" for owner, count in left_out.most_common(OWNERS_COUNTED))
    owners += ", ..." if len(left_out) > OWNERS_COUNTED else ""
    total = len(tokens) + more
    subject = f"{total:,} API tokens expire soon"
    if total == 1:
        token = tokens[0]
        end = "has expired" if token["over"] else f"expires {in_days(token['days_left'])}"
        subject = f"API token {token['name']} of {token['owner']} {end}"
    return write("expiry_digest", subject, {"tokens": tokens, "more": f"{more:,}" if more else "", "owners": owners, "link": link})
