"""The receivers that the environment names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from portal.audit.models import Entry


class Sender(Protocol):
    def send(self, entries: Sequence[Entry]) -> None:
        """Sends all of `entries` and returns once the receiver has them. Raises any error if that is not certain."""


@dataclass(frozen=True)
class Receiver:
    """`name`: what its cursor is stored under. It holds no path, which may be a secret."""

    kind: str
    host: str
    port: int
    path: str

    @property
    def name(self) -> str:
        return f"{self.kind} {self.host}:{self.port}"

    def sender(self) -> Sender:
        if self.kind == "syslog":
            from portal.audit.stream.syslog import SyslogSender  # loaded in a worker that sends

            return SyslogSender(self.host, self.port)
        from portal.audit.stream.https import HttpsSender

        return HttpsSender(self.host, self.port, self.path)


def configured() -> dict[str, Receiver]:
    """By kind: "syslog", "https"."""
    addresses = {"syslog": settings.AUDIT_SYSLOG, "https": settings.AUDIT_HTTPS}
    return {kind: Receiver(kind, address.host, address.port, address.path) for kind, address in addresses.items() if address}
