"""The company's sign-in providers, in the TOML file that SIGN_IN_PROVIDERS names (docs/sign-in.md).

Each table is one provider. Its name is part of addresses and of stored accounts, and must not change later.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

ID = re.compile(r"[a-z][a-z0-9-]{0,29}")
GOOGLE = "https://accounts.google.com"


class ProviderError(ValueError):
    """The file, or a table in it, is invalid. The message names the place, and no value: that may be a secret."""


@dataclass(frozen=True)
class OidcProvider:
    """A provider of OpenID Connect. `groups_claim`: where the names of a user's groups are, as a path with dots; "" if it has none.
    `trust_email`: an address counts as verified although the provider does not say so. `email_domains`: the only ones that it
    vouches for; empty: all."""

    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    groups_claim: str = "groups"
    email_claim: str = "email"
    trust_email: bool = False
    email_domains: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"OidcProvider({self.id!r})"  # without the secret


def load(path: Path) -> dict[str, OidcProvider]:
    """The providers of the file by their names. Raises ProviderError."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise ProviderError("it is no TOML file that the portal can read") from None
    if not tables:
        raise ProviderError("it has no provider")
    return {name: provider(name, table, path.parent) for name, table in tables.items()}


def provider(name: str, table: Any, folder: Path) -> OidcProvider:
    """One table. `folder`: where relative paths in it begin."""

    def reject(problem: str) -> NoReturn:
        raise ProviderError(f"[{name}] {problem}")

    if not ID.fullmatch(name) or not isinstance(table, dict):
        raise ProviderError("each provider needs a table whose name has lower-case letters, digits and hyphens")
    values = dict(table)
    if "client_secret_file" in values:
        if "client_secret" in values:
            reject("has both client_secret and client_secret_file")
        values["client_secret"] = secret(folder / str(values.pop("client_secret_file")), reject)
    for required in ("name", "issuer", "client_id"):
        if not values.get(required):
            reject(f"has no {required}")
    for key, value in values.items():
        if key not in CHECKS or not CHECKS[key](value):
            reject(f"has an invalid or unknown {key}")
    lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    if values["issuer"] == GOOGLE:  # which has no groups
        values.setdefault("groups_claim", "")
    return OidcProvider(id=name, **values | lists)


def secret(path: Path, reject: Callable[[str], NoReturn]) -> str:
    try:
        return path.read_text("utf-8").strip() or reject("has an empty client_secret_file")
    except (OSError, UnicodeError):
        reject("has a client_secret_file that the portal cannot read")


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


CHECKS: dict[str, Callable[[Any], bool]] = {
    "name": lambda value: is_text(value) and len(value) <= 40 and "<" not in value,
    "issuer": lambda value: is_endpoint(value) and "?" not in value,
    "client_id": is_text,
    "client_secret": is_text,
    "scopes": are_scopes,
    "groups_claim": is_text,
    "email_claim": lambda value: is_text(value) and bool(value),
    "trust_email": lambda value: isinstance(value, bool),
    "email_domains": are_texts,
}
