"""Notifications as the pages of other apps list them: to whom, about what, when, and what became of each."""

from datetime import datetime
from typing import NamedTuple

from portal.notifications.models import Message


class Line(NamedTuple):
    """`state`: one of queued, retrying, sent and failed. `at`: when it was sent, or queued."""

    recipient: str
    what: str
    at: datetime
    state: str
    error: str


def line(message: Message, what: str, recipient: str = "") -> Line:
    """`recipient`: as the caller spells it, if not as the message does."""
    return Line(recipient or message.recipient, what, message.sent_at or message.created_at, state(message), message.last_error)


def state(message: Message) -> str:
    """As `Message.state`, but *retrying* for a message that was attempted before and is neither sent nor failed."""
    if message.state in (Message.State.SENT, Message.State.FAILED):
        return message.state
    return "retrying" if message.last_error else "queued"
