"""Host names in the form that protocols carry: lower case, ASCII (IDNA 2008, mapped as browsers do it, UTS 46)."""

import re
from ipaddress import IPv4Address, IPv6Address

import idna

# An underscore is no part of a host name on the web, but container networks have such names for databases and mail servers.
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


def to_ascii(name: str) -> str:
    """`Straße.example.` -> `xn--strae-oqa.example`. An IPv6 address comes without its brackets. Raises ValueError.

    Python's own codec (IDNA 2003) would make `strasse.example` of it, which is somebody else's domain.
    """
    name = name.strip().removesuffix(".").lower()
    if name.startswith("[") or ":" in name:
        return str(ipv6(name.removeprefix("[").removesuffix("]")))
    if not name.isascii():
        name = idna.encode(name, uts46=True).decode()
    labels = name.split(".")
    if len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise ValueError("not a host name")
    if labels[-1].isdigit():  # what ends in a number can only be an IPv4 address (WHATWG URL, section 3.5)
        return str(IPv4Address(name))
    return name


def ipv6(text: str) -> IPv6Address:
    if "%" in text:
        raise ValueError("a zone means nothing outside its host")
    return IPv6Address(text)


def web_host(name: str) -> str:
    """A host as browsers send it, an IPv6 address in brackets. Raises ValueError for what Django would reject in a Host header too."""
    name = to_ascii(name)
    if "_" in name:
        raise ValueError("no underscore in a host name")
    return f"[{name}]" if ":" in name else name


def email_address(address: str) -> str:
    """`jane@münchen.example` -> `jane@xn--mnchen-3ya.example`: the form that mail servers take. Raises ValueError."""
    local, _, domain = address.rpartition("@")
    if domain.startswith("["):  # an address literal (RFC 5321, section 4.1.3)
        return address
    return f"{local}@{to_ascii(domain)}"
