"""What the portal takes from the claims of a provider."""

from dataclasses import dataclass
from typing import Any

from portal.core.errors import ServiceError
from portal.core.text import clean
from portal.env.providers import Provider
from portal.users.models import DISPLAY_NAME_MAX
from portal.users.services import is_email

MOST_GROUPS, GROUP_LENGTH = 1000, 255


@dataclass(frozen=True)
class Identity:
    """Who signed in at the company. `subject`: the provider's unchanging name of the user; `email`: a verified address, or "";
    `groups`: None if the provider has none."""

    provider: str
    issuer: str
    subject: str
    email: str
    name: str
    groups: tuple[str, ...] | None


def identity(provider: Provider, claims: dict[str, Any]) -> Identity:
    """`claims`: those of a verified ID token, with those of the userinfo endpoint beside them."""
    return Identity(
        provider=provider.id,
        issuer=provider.issuer,
        subject=claims["sub"],
        email=verified_email(provider, claims),
        name=display_name(claims),
        groups=groups(provider, claims),
    )


def verified_email(provider: Provider, claims: dict[str, Any]) -> str:
    """In lower case. "" for an address that nobody vouches for, or that is of another domain than the provider's own.

    An address with other letters than those of ASCII counts as none: some of these (the sign of the kelvin) become a k in lower case, and
    the address somebody else's. And `email_verified` speaks of `email` alone (OpenID Connect Core 1.0, section 5.1)."""
    email = claims.get(provider.email_claim)
    if not isinstance(email, str) or len(email) > 150 or not email.isascii() or not is_email(email.strip()):
        return ""
    about_it = provider.email_claim == "email" or provider.trust_email
    verified = about_it and claims.get("email_verified", provider.trust_email) in (True, "true")
    domain = email.strip().rpartition("@")[2].lower()
    ours = not provider.email_domains or domain in [each.lower() for each in provider.email_domains]
    return email.strip().lower() if verified and ours else ""


def display_name(claims: dict[str, Any]) -> str:
    name = claims.get("name")
    try:
        return clean(name[:DISPLAY_NAME_MAX], DISPLAY_NAME_MAX, "Display name", "display_name") if isinstance(name, str) else ""
    except ServiceError:
        return ""


def groups(provider: Provider, claims: dict[str, Any]) -> tuple[str, ...] | None:
    """The names in the provider's claim of groups. A claim that is missing says that the user is in no group."""
    if not provider.groups_claim:
        return None
    found = at(claims, provider.groups_claim)
    names = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return tuple(name for name in names[:MOST_GROUPS] if isinstance(name, str) and 0 < len(name) <= GROUP_LENGTH)


def at(claims: dict[str, Any], path: str) -> Any:
    """The claim of this name, or else the value at a path with dots: `realm_access.roles`."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def is_complete(provider: Provider, claims: dict[str, Any]) -> bool:
    """Does the ID token have all that the portal needs? Else the userinfo endpoint is asked too."""
    return provider.email_claim in claims and (not provider.groups_claim or at(claims, provider.groups_claim) is not None)
