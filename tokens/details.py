"""What the page of a token shows beside the token itself. A constant number of queries, and of each list only its newest rows."""

import uuid
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q

from portal.audit.history import History, Line, created, history
from portal.core import permissions as access
from portal.core.when import in_days
from portal.directory import owners
from portal.faults import sources
from portal.faults.models import Fault
from portal.notifications import lines
from portal.notifications.models import Message
from portal.users.models import User
from tokens import dates
from tokens.emails import TOKEN_CREATED
from tokens.expiry.digest import DIGEST, UNDELIVERED
from tokens.expiry.faults import IN_USE
from tokens.expiry.queries import SOURCE
from tokens.models import Notice, Token

SHOWN = 10
LABELS = {"revoked_at": "Revoked", "because": "since the token that created it was revoked"}


class Part(NamedTuple):
    """The newest rows of a list, and whether there are more."""

    rows: list[Any]
    more: bool

    @classmethod
    def of(cls, rows: Any) -> "Part":
        found = list(rows[: SHOWN + 1])
        return cls(found[:SHOWN], len(found) > SHOWN)


class Details(NamedTuple):
    """`audit`: None for those who may not review, as in the Django admin."""

    creation: Line | None
    notifications: Part
    faults: Part
    created_tokens: Part
    audit: History | None


def readable(reader: User) -> Q:
    """The tokens whose pages `reader` may open: all for those who review, else their own and those of service accounts that they own."""
    return Q() if access.may_review(reader) else Q(user=reader) | Q(user__in=owners.owned_by(reader))


def of(token: Token, reader: User) -> Details:
    """The details that `reader` may see. Owners who may not review see which notifications they got themselves, not who else did."""
    reviews = access.may_review(reader)
    children = Token.objects.filter(readable(reader), created_with=token).select_related("user")
    return Details(
        creation=created(token),
        notifications=notifications(token, None if reviews else reader.email),
        faults=Part.of(Fault.objects.filter(source__in=[SOURCE, IN_USE], key=token.pk.hex)),
        created_tokens=Part.of(children.order_by("-created_at", "pk")),
        audit=history(token, LABELS) if reviews else None,
    )


def connect() -> None:
    """Called once, when the app is ready: a fault's page shows whom a notification about the same thing was sent to."""
    for source in (SOURCE, IN_USE):
        sources.register(source, lambda key: notices(uuid.UUID(key)).rows)
    sources.register(UNDELIVERED, digests_to)


def digests_to(address: str) -> list[lines.Line]:
    """The newest emails to `address` that warned of expiring tokens."""
    found = Message.objects.filter(kind=DIGEST, recipient__iexact=address).order_by("-pk")
    return [lines.line(message, message.subject or "Expiring tokens") for message in found[:SHOWN]]


def ends(token: Token, now: datetime) -> str:
    """How far its last day is away: `in 90 days`, `today`, `2 days ago`."""
    return in_days(dates.days_left(token.expires_at, now))


def notifications(token: Token, only_to: str | None = None) -> Part:
    """Who was notified of `token`, newest first: before it expires, and when somebody else created it. `only_to`: a recipient."""
    part = notices(token.pk, only_to)
    if part.more:  # the announcement is older than all of them
        return part
    announced = Message.objects.filter(kind=TOKEN_CREATED, created_at=token.created_at, about__token=str(token.pk))
    if only_to is not None:
        announced = announced.filter(recipient__iexact=only_to)
    return Part([*part.rows, *(lines.line(message, "Token created") for message in announced[:1])], more=False)


def notices(token_id: uuid.UUID, only_to: str | None = None) -> Part:
    """Who was notified of a token that is about to expire."""
    found = Notice.objects.filter(token=token_id).exclude(message=None).select_related("message").order_by("-created_at", "-pk")
    part = Part.of(found if only_to is None else found.filter(address__iexact=only_to))
    return Part([line(notice) for notice in part.rows], part.more)


def line(notice: Notice) -> lines.Line:
    assert notice.message is not None
    days = f"{notice.threshold} day{'' if notice.threshold == 1 else 's'} before expiry"
    return lines.line(notice.message, days, notice.address)
