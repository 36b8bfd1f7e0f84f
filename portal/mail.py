"""Mail: one short function for each, taking addresses and plain values, and the queue that all of it goes through.

A mail is first a row (post_office's Email) in the caller's transaction; `portal.delivery` hands it to the mail server.
"""

from collections.abc import Sequence
from email.utils import make_msgid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.urls import reverse
from post_office.models import PRIORITY, STATUS, Email

from portal.tasks import deliver_mail, look_now


def queue(to: Sequence[str], subject: str, text: str, html: str = "", headers: dict[str, str] | None = None) -> Email:
    """Puts one mail into the queue. Source: post_office's `mail.create`, which is passed by because it renders what it is
    given as a Django template, so that a token named `{% debug %}` would be carried out."""
    email = Email(
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=list(to),
        subject=" ".join(subject.split())[:200],
        message=text,
        html_message=html,
        headers=headers,
        priority=PRIORITY.medium,
        status=STATUS.queued,
        message_id=make_msgid(domain=urlsplit(settings.PORTAL_URL).hostname),
    )
    email.save()
    return email


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


def send(template: str, to: str, subject: str, context: dict[str, Any]) -> Email:
    """Queues the mail that `templates/mail/<template>.txt` and `.html` make of `context`."""
    context = {"portal_name": settings.PORTAL_NAME, "portal_url": settings.PORTAL_URL, "subject": subject, **context}
    text = render_to_string(f"mail/{template}.txt", context)
    return queue([to], subject, text, render_to_string(f"mail/{template}.html", context))


def send_invitation(to: str, name: str, uid: str, key: str) -> Email:
    """Invites a new person; `uid` and `key` make the one-time link that sets the first password."""
    link = absolute(reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": key}))
    days = settings.PASSWORD_RESET_TIMEOUT // 86400
    look_now(deliver_mail)
    return send("invitation", to, f"Your account in {settings.PORTAL_NAME}", {"name": name, "link": link, "days": days})


def in_days(days: int) -> str:
    return f"in {days} day{'' if days == 1 else 's'}" if days else "today"


def send_expiry_digest(to: str, tokens: Sequence[dict[str, Any]], more: int, link: str) -> Email:
    """Warns of tokens that end soon. Each of `tokens`: name, last_four, owner, expires (text with zone), days_left,
    last_used (text), link. `more` counts those that the list leaves out; `link` shows them all."""
    total = len(tokens) + more
    if total == 1:
        subject = f"API token {tokens[0]['name']} of {tokens[0]['owner']} expires {in_days(tokens[0]['days_left'])}"
    else:
        subject = f"{total} API tokens expire soon"
    return send("expiry_digest", to, subject, {"tokens": tokens, "more": more, "link": link})
