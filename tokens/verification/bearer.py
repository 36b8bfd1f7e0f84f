"""The Authorization header (RFC 6750, section 2.1) and the error responses of a resource server (section 3).

A token never comes in a query string, where logs would keep it. `/verify` and the OAuth endpoints also accept it by HTTP Basic (basic.py)
and the latter as a form's client_secret (portal/oauth/clients.py). `/api/v1` does not: a browser that has once asked its user for a
password sends it with requests that other websites cause, too.
"""

import enum
import re
from functools import lru_cache

from django.conf import settings

from portal.core.error_responses import APIError

# b64token of section 2.1, after one space or more. Whether it is a token of ours is for the verifier to say.
CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE | re.ASCII)
MAX_LENGTH = 4096


class BearerError(enum.Enum):
    """Why a request's credentials are rejected: (status, RFC 6750 error code or none, description)."""

    MISSING = (401, "", "Send an API token: Authorization: Bearer <token>.")
    MALFORMED = (400, "invalid_request", "The Authorization header is not of the form: Bearer <token>.")
    MALFORMED_BASIC = (
        400,
        "invalid_request",
        "The Authorization header is not of the form: Basic <base64 of user:token>, without control characters such as a line break.",
    )
    TWO_METHODS = (400, "invalid_request", "Send the token either in the Authorization header or as client_secret, not both.")
    REPEATED_SECRET = (400, "invalid_request", "Send client_id and client_secret once each.")
    INVALID_TOKEN = (401, "invalid_token", "The token is unknown, expired or revoked.")
    INSUFFICIENT_SCOPE = (403, "insufficient_scope", "The token's owner does not have permission to do this.")


def reject(reason: BearerError) -> APIError:
    """The error response, with its challenge; to be raised."""
    return APIError(*reason.value, ("WWW-Authenticate", challenge(reason)))


def challenge(reason: BearerError) -> str:
    """The WWW-Authenticate header; without credentials it carries no error code (section 3.1)."""
    return challenge_of(reason, realm())


@lru_cache(maxsize=32)
def challenge_of(reason: BearerError, realm: str) -> str:
    _, code, description = reason.value
    if not code:
        return f'Bearer realm="{realm}"'
    return f'Bearer realm="{realm}", error="{code}", error_description="{description}"'


def realm() -> str:
    """The portal's name, without what a quoted string cannot hold."""
    return quotable(settings.PORTAL_NAME)


@lru_cache(maxsize=4)
def quotable(text: str) -> str:
    return re.sub(r"[^ !#-\[\]-~]", "", text)


def token_of(header: str | None) -> str | BearerError:
    """The token in an Authorization header. Another scheme (Basic, ...) counts as no credentials."""
    if not header:
        return BearerError.MISSING
    if len(header) > MAX_LENGTH:
        return BearerError.MALFORMED
    if match := CREDENTIALS.fullmatch(header):
        return match[1]
    return BearerError.MALFORMED if header[:6].lower() == "bearer" else BearerError.MISSING
