"""The company's sign-in providers, in the TOML file that SIGN_IN_PROVIDERS names (docs/sign-in.md).

Each table is one provider. Its name is part of addresses and of stored accounts, and must not change later.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree

from portal.env.provider_values import COMMON, OIDC, SAML

ID = re.compile(r"[a-z][a-z0-9-]{0,29}")
GOOGLE = "https://accounts.google.com"
NAMESPACES = {"md": "urn:oasis:names:tc:SAML:2.0:metadata", "ds": "http://www.w3.org/2000/09/xmldsig#"}
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
Reject = Callable[[str], NoReturn]


class ProviderError(ValueError):
    """The file, or a table in it, is invalid. The message names the place, and no value: that may be a secret."""


@dataclass(frozen=True)
class Provider:
    """`groups_claim`: where the names of a user's groups are, as a path with dots; "" if it has none. `trust_email`: an address counts as
    verified although the provider does not say so. `email_domains`: the only ones that it vouches for; empty: all."""

    id: str
    name: str
    issuer: str
    groups_claim: str = "groups"
    email_claim: str = "email"
    trust_email: bool = False
    email_domains: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class OidcProvider(Provider):
    """A provider of OpenID Connect."""

    client_id: str = ""
    client_secret: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")

    def __repr__(self) -> str:
        return f"OidcProvider({self.id!r})"  # without the secret


@dataclass(frozen=True)
class SamlProvider(Provider):
    """An identity provider of SAML 2.0; `issuer` is its entity ID. `subject_claim`: the attribute that names a user for ever, in place
    of the NameID."""

    sso_url: str = ""
    certificates: tuple[str, ...] = ()
    subject_claim: str = ""


def load(path: Path) -> dict[str, Provider]:
    """The providers of the file by their names. Raises ProviderError."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise ProviderError("it is no TOML file that the portal can read") from None
    if not tables:
        raise ProviderError("it has no provider")
    return {name: provider(name, table, path.parent) for name, table in tables.items()}


def provider(name: str, table: Any, folder: Path) -> Provider:
    """One table. `folder`: where relative paths in it begin."""

    def reject(problem: str) -> NoReturn:
        raise ProviderError(f"[{name}] {problem}")

    if not ID.fullmatch(name) or not isinstance(table, dict):
        raise ProviderError("each provider needs a table whose name has lower-case letters, digits and hyphens")
    values = dict(table)
    kind = values.pop("type", "oidc")
    if kind not in ("oidc", "saml"):
        reject("has an invalid type")
    values = saml(values, folder, reject) if kind == "saml" else oidc(values, folder, reject)
    checks = COMMON | (SAML if kind == "saml" else OIDC)
    for key, value in values.items():
        if key not in checks or not checks[key](value):
            reject(f"has an invalid or unknown {key}")
    values |= {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    return SamlProvider(id=name, **values) if kind == "saml" else OidcProvider(id=name, **values)


def require(values: dict[str, Any], keys: tuple[str, ...], reject: Reject) -> None:
    for key in keys:
        if not values.get(key):
            reject(f"has no {key}")


def oidc(values: dict[str, Any], folder: Path, reject: Reject) -> dict[str, Any]:
    if "client_secret_file" in values:
        if "client_secret" in values:
            reject("has both client_secret and client_secret_file")
        values["client_secret"] = content(folder, values, "client_secret_file", reject)
    require(values, ("name", "issuer", "client_id"), reject)
    return {"groups_claim": ""} | values if values["issuer"] == GOOGLE else values  # which has no groups


def saml(values: dict[str, Any], folder: Path, reject: Reject) -> dict[str, Any]:
    if "metadata_file" in values:
        try:
            values |= metadata(content(folder, values, "metadata_file", reject))
        except (ElementTree.ParseError, AttributeError, KeyError, IndexError):
            reject("has a metadata_file without entity ID, sign-in address by HTTP-Redirect or certificate")
    elif "certificate_file" in values:
        values["certificates"] = [content(folder, values, "certificate_file", reject)]
    require(values, ("name", "issuer", "sso_url", "certificates"), reject)
    return {"email_claim": ""} | values


def metadata(text: str) -> dict[str, Any]:
    """What an identity provider's metadata say (SAML 2.0 Metadata, section 2.4)."""
    root = ElementTree.fromstring(text)  # noqa: S314  # a file that the operator has chosen
    described = root.find("md:IDPSSODescriptor", NAMESPACES)
    if described is None:
        raise KeyError("IDPSSODescriptor")
    services = described.findall(f"md:SingleSignOnService[@Binding='{REDIRECT}']", NAMESPACES)
    keys = [each for each in described.findall("md:KeyDescriptor", NAMESPACES) if each.get("use", "signing") == "signing"]
    certificates = ["".join(found.itertext()).strip() for key in keys for found in key.iterfind(".//ds:X509Certificate", NAMESPACES)]
    return {"issuer": root.attrib["entityID"], "sso_url": services[0].attrib["Location"], "certificates": certificates}


def content(folder: Path, values: dict[str, Any], key: str, reject: Reject) -> str:
    """The text of the file that `key` names; the key is taken out."""
    try:
        text = (folder / str(values.pop(key))).read_text("utf-8").strip()
    except (OSError, UnicodeError):
        reject(f"has a {key} that the portal cannot read")
    return text or reject(f"has an empty {key}")
