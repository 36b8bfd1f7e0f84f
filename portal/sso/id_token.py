"""Verifies an ID token (OpenID Connect Core 1.0, section 3.1.3.7).

django-allauth does not verify the signature of one that came from the token endpoint, and knows no nonce. Both are verified here, whichever
way it came.
"""

import hmac
from typing import Any

import jwt

from portal.env.providers import OidcProvider
from portal.sso import discovery

# Signatures by public keys only: with HS256 the client secret, or a public key that is taken for a secret, would sign.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
LEEWAY = 60  # seconds by which two clocks may differ
MOST_AGE = 15 * 60  # seconds since it was issued; it comes fresh from the token endpoint
MOST_SUBJECT = 191  # characters that are stored; section 2 allows 255, and providers use up to 64
REQUIRED = ["iss", "sub", "aud", "exp", "iat"]


class InvalidIdToken(Exception):
    """The ID token is not one that this provider issued for this sign-in. The message is for the log."""


def verify(token: Any, provider: OidcProvider, nonce: str, now: float) -> dict[str, Any]:
    """The claims of a valid ID token. `nonce`: the one that was sent with this sign-in; `now`: seconds since 1970.
    Raises InvalidIdToken, and ProviderUnavailable if the keys cannot be fetched."""
    try:
        header = jwt.get_unverified_header(token)
        key = signing_key(provider, header)
        claims = jwt.decode(
            token,
            key,
            ALGORITHMS,
            {"require": REQUIRED, "verify_iat": True},
            audience=provider.client_id,
            issuer=provider.issuer,
            leeway=LEEWAY,
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise InvalidIdToken(f"{type(error).__name__}: {error}") from error
    check(claims, provider, nonce, now)
    return claims


def check(claims: dict[str, Any], provider: OidcProvider, nonce: str, now: float) -> None:
    """What is not verified by PyJWT."""
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and "azp" not in claims:
        raise InvalidIdToken("It is for several audiences and has no azp.")
    if claims.get("azp", provider.client_id) != provider.client_id:
        raise InvalidIdToken("It was issued to another client (azp).")
    if not isinstance(claims.get("nonce"), str) or not hmac.compare_digest(claims["nonce"].encode(), nonce.encode()):
        raise InvalidIdToken("The nonce is not that of this sign-in.")
    if claims["iat"] < now - MOST_AGE - LEEWAY:
        raise InvalidIdToken("It was issued too long ago.")
    if not claims["sub"].isprintable() or not 0 < len(claims["sub"]) <= MOST_SUBJECT:
        raise InvalidIdToken("It has no usable subject.")


def signing_key(provider: OidcProvider, header: dict[str, Any]) -> jwt.PyJWK:
    """The key that the token names. One that is not among those kept is looked for once more: the provider may have rotated its keys."""
    for again in (False, True):
        found = [key for key in discovery.keys(provider, again) if fits(key, header)]
        if len(found) == 1:
            return jwt.PyJWK.from_dict(found[0], header["alg"])
    raise InvalidIdToken("The provider has no such key.")


def fits(key: dict[str, Any], header: dict[str, Any]) -> bool:
    """Can this be the key by which a token with this header is signed? A token without `kid` is by the provider's only key."""
    return (
        header.get("alg") in ALGORITHMS
        and key.get("kty") in ("RSA", "EC", "OKP")
        and key.get("use", "sig") == "sig"
        and key.get("alg", header["alg"]) == header["alg"]
        and ("kid" not in header or key.get("kid") == header["kid"])
    )
