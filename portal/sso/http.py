"""Requests to providers, of limited time and size. Whatever waits for them has threads of its own (portal/asgi.py), so that a provider
that is down stops nobody else."""

import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from portal.env.provider_values import is_endpoint

TIMEOUT = (3.0, 5.0)  # seconds to connect, and between two pieces of a response
MOST_SECONDS = 10.0  # for the whole of a response
MOST_BYTES = 512 * 1024


class ProviderUnavailable(requests.RequestException):
    """The provider did not answer in time, or with something that cannot be used."""


def without_netrc(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    return prepared


class Session(requests.Session):
    """One conversation with a provider. Follows no redirect, verifies TLS, reads at most MOST_BYTES. Proxies and certificate
    authorities are those of the environment (HTTPS_PROXY, REQUESTS_CA_BUNDLE); `.netrc` is not read."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = without_netrc
        self.mount("https://", HTTPAdapter(max_retries=0))

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]  # fewer arguments by name
        """Raises ProviderUnavailable and requests' own exceptions."""
        if not is_endpoint(url):
            raise ProviderUnavailable("The address is neither https nor local.")
        ends = time.monotonic() + MOST_SECONDS
        options |= {"timeout": TIMEOUT, "allow_redirects": False, "stream": True}
        with super().request(method, url, **options) as response:
            response._content = body(response, ends)
        response.encoding = "utf-8"  # else requests would guess it, which takes seconds for a large body
        return response


def body(response: requests.Response, ends: float) -> bytes:
    """The whole body. `ends`: until when, in seconds of the monotonic clock: a body that drips in would keep a thread for hours."""
    found = bytearray()
    while piece := response.raw.read1(16_384, decode_content=True):
        found += piece
        if len(found) > MOST_BYTES:
            raise ProviderUnavailable("The response is too large.")
        if time.monotonic() > ends:
            raise ProviderUnavailable("The response takes too long.")
    return bytes(found)


def json_object(url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """What is at the address. Raises ProviderUnavailable."""
    with Session() as session:
        try:
            response = session.get(url, headers={"Accept": "application/json", **(headers or {})})
            found = response.json() if response.status_code == 200 else None
        except (requests.RequestException, OSError, ValueError, RecursionError) as error:
            raise ProviderUnavailable(f"No usable response: {type(error).__name__}.") from error
    if not isinstance(found, dict):
        raise ProviderUnavailable(f"Status {response.status_code}, or no JSON object.")
    return found
