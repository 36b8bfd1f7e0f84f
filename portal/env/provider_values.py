"""What the values in the file of sign-in providers must look like (portal/env/providers.py)."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and len(value) <= 1000


def are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(is_text(each) and each and " " not in each for each in value)


def are_scopes(value: Any) -> bool:
    return are_texts(value) and "openid" in value


def is_endpoint(value: Any) -> bool:
    """An address that may be fetched: https, or http on this very machine, for development."""
    if not is_text(value):
        return False
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    return (
        bool(host)
        and "@" not in parts.netloc
        and not parts.fragment
        and (parts.scheme == "https" or (parts.scheme == "http" and is_local(host)))
    )


def is_local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


COMMON: dict[str, Callable[[Any], bool]] = {
    "name": lambda value: is_text(value) and len(value) <= 40 and "<" not in value,
    "groups_claim": is_text,
    "email_claim": is_text,
    "trust_email": lambda value: isinstance(value, bool),
    "email_domains": are_texts,
}
OIDC: dict[str, Callable[[Any], bool]] = {
    "issuer": lambda value: is_endpoint(value) and "?" not in value,
    "client_id": is_text,
    "client_secret": is_text,
    "scopes": are_scopes,
}
SAML: dict[str, Callable[[Any], bool]] = {
    "issuer": is_text,
    "sso_url": is_endpoint,
    "certificates": lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
    "subject_claim": is_text,
}
