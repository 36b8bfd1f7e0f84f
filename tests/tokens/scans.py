"""Short words for tests of the scan."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.core import mail as sent_mail
from django.core.mail import EmailMessage

import settings_app.services as config
from portal.faults.models import Fault
from portal.notifications import delivery
from portal.notifications.models import Message
from tests.clock import DAY, NOW
from tests.factories import TokenFactory
from tokens.dates import day_of, end_of
from tokens.expiry import scan as expiry
from tokens.expiry.digest import DIGEST
from tokens.expiry.queries import SOURCE
from tokens.models import Notice, ScanRun, Token

OPS, SECURITY = "ops@example.com", "security@example.com"


def configure(days: str = "", emails: str = "", owners: bool = False) -> None:
    """Sets the three keys to exactly this; an empty text deletes the key."""
    texts = {"token_expiration_days": days, "token_expiration_emails": emails, "notify_token_owners": "true" if owners else ""}
    for key, text in texts.items():
        config.Config.objects.filter(key=key).delete()
        if text:
            config.add(key, text, None)


def ending(days: int, now: datetime = NOW, **values: object) -> Token:
    """A stored token that has `days` days left at `now`."""
    return TokenFactory(created_at=now - 100 * DAY, expires_at=end_of(day_of(now) + days * DAY), **values)


def many_ending(days: Iterable[int], user: Any, now: datetime = NOW) -> list[Token]:
    """The same of many tokens at once, named t00000 and so on, all of one owner."""
    tokens = [
        TokenFactory.build(user=user, name=f"t{number:05}", created_at=now - 100 * DAY, expires_at=end_of(day_of(now) + left * DAY))
        for number, left in enumerate(days)
    ]
    for number, token in enumerate(tokens):
        token.digest, token.last_four = number.to_bytes(32, "big"), f"{number:04x}"[-4:]
    return Token.objects.bulk_create(tokens)


def scan(now: datetime = NOW) -> ScanRun:
    return expiry.scan(now, ScanRun.Trigger.SCHEDULE)


def open_faults(source: str = SOURCE) -> set[str]:
    """The names of the tokens that have an open fault."""
    keys = Fault.objects.open().filter(source=source).values_list("key", flat=True)
    return set(Token.objects.filter(pk__in=list(keys)).values_list("name", flat=True))


def told(run: ScanRun) -> dict[str, set[str]]:
    """Which tokens' names each address is told of by the mails that this run queued."""
    result: dict[str, set[str]] = {}
    for notice in Notice.objects.filter(message__about__scan=run.pk).select_related("token", "message"):
        assert notice.message.recipient == notice.address
        result.setdefault(notice.address, set()).add(notice.token.name)
    assert len(result) == Message.objects.filter(about__scan=run.pk).count()
    return result


class Sent(NamedTuple):
    to: str
    subject: str
    text: str
    html: str


def sent(message: EmailMessage) -> Sent:
    assert len(message.to) == len(message.alternatives) == 1
    return Sent(message.to[0], message.subject, message.body, message.alternatives[0][0])


def deliver(now: datetime = NOW) -> list[Sent]:
    """Hands over what is due, and returns what the mail server took of it."""
    before = len(sent_mail.outbox)
    delivery.deliver(now)
    return [sent(message) for message in sent_mail.outbox[before:]]


def states() -> dict[str, str]:
    """The state of each address's latest digest."""
    return dict(Message.objects.filter(kind=DIGEST).order_by("pk").values_list("recipient", "state"))
