"""A test email to each of some addresses: sent at once, without the outbox, so that the mail server's reply can be shown."""

import smtplib
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from email.utils import make_msgid
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from portal.notifications.renderers import from_templates, one_line

REPLY_SECONDS = 5  # for each reply of the server
MAX_SECONDS = 15  # for everything: somebody waits for the page, and a web process with them
TOO_LATE = f"No reply within {MAX_SECONDS} seconds."
ERROR_MAX = 500


class Result(NamedTuple):
    """`error`: the mail server's words, or the network's; "" if the server accepted the email."""

    address: str
    error: str


def send_to_each(addresses: Sequence[str], requested_by: str) -> list[Result]:
    """One email to each address. Never raises, and takes at most MAX_SECONDS: what has no reply by then is left to a thread, so that
    neither a slow look-up of the server's name nor a server that trickles can take longer."""
    results: list[Result] = []
    arguments = (addresses, requested_by, time.monotonic() + MAX_SECONDS, results)
    thread = threading.Thread(target=append_results, args=arguments, daemon=True)
    thread.start()
    thread.join(MAX_SECONDS)
    finished = results[:]
    return finished + [Result(address, TOO_LATE) for address in addresses[len(finished) :]]


def append_results(addresses: Sequence[str], requested_by: str, deadline: float, results: list[Result]) -> None:
    """A server that cannot be reached is tried once, not once for each address."""
    connection = get_connection(settings.EMAIL_TRANSPORT, timeout=REPLY_SECONDS)
    for place, address in enumerate(addresses):
        if time.monotonic() > deadline:
            return
        try:
            connection.open()
        except Exception as error:  # the network's, the server's, TLS's: all are shown to the person who requested it
            results += [Result(each, words(error)) for each in addresses[place:]]
            return
        results.append(Result(address, send(connection, compose(address, requested_by))))
    close(connection)


def send(connection: BaseEmailBackend, email: EmailMessage) -> str:
    try:
        connection.send_messages([email])
    except Exception as error:
        close(connection)  # the next address gets a new one, whatever state this one is in
        return words(error)
    return ""


def close(connection: BaseEmailBackend) -> None:
    with suppress(Exception):
        connection.close()


def words(error: Exception) -> str:
    """`550 5.1.1 no such user`, `Connection refused`."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return reply(*next(iter(error.recipients.values())))
    if isinstance(error, smtplib.SMTPResponseException):
        return reply(error.smtp_code, error.smtp_error)
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:ERROR_MAX]


def reply(code: int, text: bytes | str) -> str:
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    return " ".join(f"{code} {text}".split())[:ERROR_MAX]


def compose(address: str, requested_by: str) -> EmailMessage:
    purpose = f"{requested_by} sent it from {settings.PORTAL_NAME} to see whether notifications about expiring API tokens arrive here."
    values = {"preheader": f"This is a test. {purpose}", "reason": "this address is set in System Settings as one to notify"}
    content = from_templates("test", one_line(f"Test email from {settings.PORTAL_NAME}"), values)
    headers = {"Message-ID": make_msgid(domain=urlsplit(settings.PORTAL_URL).hostname)}
    email = EmailMultiAlternatives(content.subject, content.text, settings.DEFAULT_FROM_EMAIL, [address], headers=headers)
    email.attach_alternative(content.html, "text/html")
    return email
