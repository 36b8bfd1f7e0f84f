"""The client's address, worked out once for each request, before anything reads REMOTE_ADDR: by the front for the paths that it
answers itself, by ClientIPMiddleware for all that Django answers. `X-Forwarded-For` is trusted only as far as TRUSTED_PROXIES wrote it.

The header `Forwarded` (RFC 7239) is not read: a proxy that writes the one passes on whatever its client wrote in the other.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from socket import AF_INET6, inet_ntop, inet_pton
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

log = structlog.get_logger(__name__)

# 203.0.113.7:50123, [2001:db8::1] and [2001:db8::1]:50123. With a port but without brackets an IPv6 address reads as a longer one.
WITH_PORT = re.compile(r"\[(?P<v6>[^\[\]]+)\](?::\d{1,5})?|(?P<v4>[\d.]+):\d{1,5}", re.ASCII)


def set_client_ip(environ: dict[str, Any]) -> None:
    """Replaces REMOTE_ADDR, the address of the nearest proxy, by the client's. It is empty for a peer without an address."""
    environ["REMOTE_ADDR"] = client_address(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")) or ""


class ClientIPMiddleware:
    """The first middleware, so that all others, the views and the libraries see the client's address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        set_client_ip(request.META)
        return self.get_response(request)


def client_address(peer: str, forwarded: str) -> str | None:
    """The address of the client: the last one in the chain of proxies that is not one of ours. None if the peer has no address
    (a socket). Where the chain holds something else than an address, what comes before it is not trusted.

    `peer`: REMOTE_ADDR. `forwarded`: the X-Forwarded-For header, nearest proxy last.
    """
    address = canonical(peer)
    if address is None or not trusted(address):
        return address
    for text in reversed(forwarded[-2000:].split(",")) if forwarded else ():
        nearer = canonical(text)
        if nearer is None:
            report_unreadable(address)
            return address
        address = nearer
        if not trusted(address):
            break
    return address


@lru_cache(maxsize=4096)
def canonical(text: str) -> str | None:
    """The address in any form that proxies write: with spaces or quotation marks around it, with a port, with brackets, with a zone
    (fe80::1%eth0, which means nothing outside its host, and the database takes none). None for what is no address."""
    text = text.strip(' \t"')
    if found := WITH_PORT.fullmatch(text):
        text = found["v6"] or found["v4"]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


@lru_cache(maxsize=256)
def report_unreadable(proxy: str) -> None:
    """One line in the log for each proxy and process, not for each request. What stood there may be somebody's, and is not shown."""
    log.warning("X-Forwarded-For has something else than an address; the proxy counts as the client", proxy=proxy)


@lru_cache(maxsize=4096)
def trusted(address: str) -> bool:
    return any(ip_address(address) in network for network in settings.TRUSTED_PROXIES)


def subnet(address: str | None) -> str:
    """Whom an attempt counts against: an address, or for IPv6 the network of 64 bits, all of which one host may use. Empty for None."""
    if address and ":" in address:
        # Once or twice for each rejected token, and `ipaddress` would take 80 microseconds for it.
        return inet_ntop(AF_INET6, inet_pton(AF_INET6, address)[:8] + bytes(8)) + "/64"
    return address or ""


def site(address: str) -> str:
    """The IPv6 network of 48 bits that a company or a customer of a hosting provider has, with 65,536 networks of 64 bits to move about
    in (RFC 6177). Empty for IPv4."""
    return inet_ntop(AF_INET6, inet_pton(AF_INET6, address)[:6] + bytes(10)) + "/48" if ":" in address else ""
