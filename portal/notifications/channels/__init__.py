"""The ways by which messages leave the portal. Nothing outside this package knows SMTP."""

from typing import Protocol

from portal.notifications.channels.email import EmailChannel
from portal.notifications.models import Message
from portal.notifications.renderers import Content


class Channel(Protocol):
    def send(self, message: Message, content: Content) -> None:
        """Hands `content` over to `message.recipient`. Raises whatever went wrong; the message then counts as not sent."""

    def close(self) -> None:
        """Called after the last message of a run. Does not raise."""


CHANNELS: dict[str, type[Channel]] = {"email": EmailChannel}
