"""Who is asking. `X-Forwarded-For` is believed only as far as TRUSTED_PROXIES wrote it."""

from functools import lru_cache
from ipaddress import ip_address, ip_network

from django.conf import settings


def client_address(peer: str, forwarded: str) -> str | None:
    """The address of the client: the last one in the chain of proxies that is not one of ours. None if the peer has no address
    (a socket). Where the chain holds something else than an address, what comes before it is not believed.

    `peer`: REMOTE_ADDR. `forwarded`: the X-Forwarded-For header, nearest proxy last.
    """
    address = canonical(peer)
    if address is None or not trusted(address):
        return address
    for text in reversed(forwarded[-2000:].split(",")) if forwarded else ():
        nearer = canonical(text.strip())
        if nearer is None:
            return address
        address = nearer
        if not trusted(address):
            break
    return address


@lru_cache(maxsize=4096)
def canonical(text: str) -> str | None:
    """None for what is no address; one with a zone (fe80::1%eth0) means nothing outside its host, and the database takes none."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return None if "%" in text else str(getattr(found, "ipv4_mapped", None) or found)


@lru_cache(maxsize=4096)
def trusted(address: str) -> bool:
    return any(ip_address(address) in network for network in settings.TRUSTED_PROXIES)


def subnet(address: str | None) -> str:
    """Whom an attempt counts against: an address, or for IPv6 the network of 64 bits, all of which one host may use. Empty for None."""
    if address and ":" in address:
        return str(ip_network(f"{address}/64", strict=False))
    return address or ""
