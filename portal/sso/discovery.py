"""What a provider publishes about itself: its endpoints (OpenID Connect Discovery) and its signing keys (JWKS, RFC 7517).

Kept in the memory of each process for a while. Nothing else depends on it: a process without it fetches it again.
"""

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from portal.env.provider_values import is_endpoint
from portal.env.providers import OidcProvider
from portal.sso.http import ProviderUnavailable, json_object

DOCUMENT_SECONDS, KEYS_SECONDS = 3600.0, 600.0
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

_kept: dict[str, tuple[float, dict[str, Any]]] = {}
_lock = Lock()


def forget() -> None:
    """Empties what this process keeps."""
    with _lock:
        _kept.clear()


def kept(url: str, seconds: float, fetch: Callable[[], dict[str, Any]], again: bool = False) -> dict[str, Any]:
    """The document at `url`, not older than `seconds`. `again`: not the one that is kept."""
    with _lock:
        ends, found = _kept.get(url, (0.0, {}))
    if not again and time.monotonic() < ends:
        return found
    found = fetch()
    with _lock:
        _kept[url] = (time.monotonic() + seconds, found)
    return found


def document(provider: OidcProvider) -> dict[str, Any]:
    """The provider's metadata. Raises ProviderUnavailable, also if it is another issuer's (section 4.3) or names addresses that may not be
    fetched."""
    url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    return kept(url, DOCUMENT_SECONDS, lambda: checked(provider, json_object(url)))


def checked(provider: OidcProvider, found: dict[str, Any]) -> dict[str, Any]:
    if found.get("issuer") != provider.issuer:
        raise ProviderUnavailable(f"The metadata is that of another issuer: {str(found.get('issuer'))[:200]}")
    if not all(fits(provider, found.get(name)) for name in ENDPOINTS):
        raise ProviderUnavailable("The metadata lacks an endpoint, or one is not https.")
    if "userinfo_endpoint" in found and not fits(provider, found["userinfo_endpoint"]):
        raise ProviderUnavailable("The userinfo endpoint is not https.")
    return found


def fits(provider: OidcProvider, url: Any) -> bool:
    """May this endpoint be used? One without TLS on this machine is only that of a provider which is here itself: no other one may have
    the portal send requests, with a client secret in them, to what listens here."""
    return is_endpoint(url) and (url.lower().startswith("https:") or provider.issuer.lower().startswith("http:"))


def keys(provider: OidcProvider, again: bool = False) -> list[dict[str, Any]]:
    """The provider's public keys as JWKs. `again`: after a key was not found, since the provider may have a new one."""
    url = document(provider)["jwks_uri"]
    found = kept(url, KEYS_SECONDS, lambda: json_object(url), again).get("keys")
    return [key for key in found if isinstance(key, dict)] if isinstance(found, list) else []
