"""A test mail to each of some addresses: sent at once, past the queue, so that the mail server's own answer can be shown."""

import smtplib
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from email.utils import make_msgid
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

PATIENCE_SECONDS = 5  # for each answer of the server
ALL_SECONDS = 15  # for everything: somebody waits for the page, and a web process with them
LATE = f"No answer within {ALL_SECONDS} seconds."
LONGEST = 500


class Answer(NamedTuple):
    """`error`: the mail server's words, or the network's; "" if the server took the mail."""

    address: str
    error: str


def try_each(addresses: Sequence[str], asked_by: str) -> list[Answer]:
    """One mail to each address. Never raises, and takes at most ALL_SECONDS: what is not answered by then is left to a thread, which
    bounds a slow look-up of the server's name and a server that trickles, too."""
    answers: list[Answer] = []
    work = threading.Thread(target=send_each, args=(addresses, asked_by, time.monotonic() + ALL_SECONDS, answers), daemon=True)
    work.start()
    work.join(ALL_SECONDS)
    got = answers[:]
    return got + [Answer(address, LATE) for address in addresses[len(got) :]]


def send_each(addresses: Sequence[str], asked_by: str, deadline: float, answers: list[Answer]) -> None:
    """Appends an answer for each address. A server that cannot be reached is asked once, not once for each."""
    connection = get_connection(settings.MAIL_TRANSPORT, timeout=PATIENCE_SECONDS)
    for place, address in enumerate(addresses):
        if time.monotonic() > deadline:
            return
        try:
            connection.open()
        except Exception as error:  # the network's, the server's, TLS's: all are to be read by whoever asked
            answers += [Answer(each, words(error)) for each in addresses[place:]]
            return
        answers.append(Answer(address, attempt(connection, test_mail(address, asked_by))))
    close(connection)


def attempt(connection: BaseEmailBackend, mail: EmailMessage) -> str:
    try:
        connection.send_messages([mail])
    except Exception as error:
        close(connection)  # whatever the server thinks of the conversation now, the next address gets a new one
        return words(error)
    return ""


def close(connection: BaseEmailBackend) -> None:
    with suppress(Exception):
        connection.close()


def words(error: Exception) -> str:
    """`550 5.1.1 no such user`, `Connection refused`."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return answered(*next(iter(error.recipients.values())))
    if isinstance(error, smtplib.SMTPResponseException):
        return answered(error.smtp_code, error.smtp_error)
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:LONGEST]


def answered(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return one_line(f"{code} {text}")[:LONGEST]


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_mail(address: str, asked_by: str) -> EmailMessage:
    text = (
        f"This is a test. {asked_by} sent it from {settings.PORTAL_NAME} to see whether notices about expiring API tokens arrive here.\n\n"
        f"No action needed.\n\n{settings.PORTAL_NAME}, {settings.PORTAL_URL}\n"
    )
    headers = {"Message-ID": make_msgid(domain=urlsplit(settings.PORTAL_URL).hostname)}
    subject = one_line(f"Test mail from {settings.PORTAL_NAME}")
    return EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [address], headers=headers)
