"""Syslog messages (RFC 5424) over TLS (RFC 5425)."""

import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from portal.audit.formats import as_json
from portal.audit.models import Entry
from portal.audit.stream.closing import SendingConnection
from portal.audit.stream.tls import connected, context

PRIORITY = 13 * 8 + 5  # facility "log audit", severity "notice"
MOST_BYTES = 8192  # that every receiver should take (RFC 5425, section 4.3.1)
MOST_SEQUENCE = 2**31 - 1  # after which `sequenceId` begins again (RFC 5424, section 7.3.1)
SHORTENED = 200  # characters of a value, in an entry that would be longer than MOST_BYTES


class SyslogSender:
    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port

    def send(self, entries: Sequence[Entry]) -> None:
        """Syslog has no acknowledgement. So each batch has a connection of its own, and counts as accepted once the receiver has read to
        its end and closed it."""
        with connected(self.host, self.port) as plain:
            encrypted = SendingConnection(plain, context(), self.host)
            encrypted.send(b"".join(frame(message(entry)) for entry in entries))
            encrypted.end()


def frame(text: bytes) -> bytes:
    """With its length in front (RFC 5425, section 4.3)."""
    return b"%d %s" % (len(text), text)


def message(entry: Entry) -> bytes:
    """HEADER STRUCTURED-DATA MSG. All of it is ASCII, so that it needs no byte order mark, which JSON parsers reject."""
    values = as_json(entry)
    sequence = ((entry.sequence or 1) - 1) % MOST_SEQUENCE + 1
    head = f"<{PRIORITY}>1 {values['at']} {settings.PORTAL_HOST.strip('[]')} token-portal - {entry.event[:32]} "
    data = f'[meta sequenceId="{sequence}"][origin software="{escaped(settings.PORTAL_NAME)}"] '
    text = (head + data + compact(values)).encode()
    return text if len(text) <= MOST_BYTES else (head + data + compact(shortened(values))).encode()


def compact(values: dict[str, Any]) -> str:
    return json.dumps(values, separators=(",", ":"))


def escaped(text: str) -> str:
    """As the value of a parameter: at most 48 characters, which `software` may have (RFC 5424, sections 6.3.3 and 7.2.3)."""
    visible = text.encode("ascii", "replace").decode()[:48]
    return visible.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def shortened(values: Any) -> Any:
    """With long values cut. The feed and HTTPS have them whole; the hash is that of the whole entry."""
    if isinstance(values, dict):
        return {name: shortened(value) for name, value in values.items()}
    if isinstance(values, list):
        return [shortened(value) for value in values]
    return values[:SHORTENED] + "…" if isinstance(values, str) and len(values) > SHORTENED else values
