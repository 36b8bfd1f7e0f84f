"""Batches of entries as NDJSON, by HTTPS POST."""

from collections.abc import Sequence
from http.client import HTTPConnection

from django.conf import settings

from portal.audit.formats import as_line
from portal.audit.models import Entry
from portal.audit.stream.tls import NotAccepted, connected, context

MOST_BYTES = 4096  # that are read of a response, which says nothing that matters beyond its status


class HttpsSender:
    def __init__(self, host: str, port: int, path: str) -> None:
        """`path`: with the query."""
        self.host, self.port, self.path = host, port, path

    def send(self, entries: Sequence[Entry]) -> None:
        """A status of 200 to 299 means that the receiver has them all. Redirects are not followed: the token would go with them."""
        body = "".join(as_line(entry) + "\n" for entry in entries).encode()
        with connected(self.host, self.port) as plain, context().wrap_socket(plain, server_hostname=self.host) as encrypted:
            client = HTTPConnection(self.host, self.port)
            client.sock = encrypted  # so that http.client opens none of its own
            client.request("POST", self.path, body, headers())
            response = client.getresponse()
            response.read(MOST_BYTES)
            if not 200 <= response.status < 300:
                raise NotAccepted(f"HTTP {response.status}")


def headers() -> dict[str, str]:
    """AUDIT_HTTPS_TOKEN is a bearer token, unless it names its scheme itself (`Splunk 0123`)."""
    found = {"Content-Type": "application/x-ndjson", "User-Agent": "token-portal", "Connection": "close"}
    if token := settings.AUDIT_HTTPS_TOKEN:
        found["Authorization"] = token if " " in token else f"Bearer {token}"
    return found
