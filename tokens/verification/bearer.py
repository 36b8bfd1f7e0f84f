"""The Authorization header (RFC 6750, section 2.1) and the error responses of a resource server (section 3).

A token comes in this header only: never in a query string, where logs would keep it, and never in a form.
"""

import enum
import re

from django.conf import settings

from portal.core.error_responses import APIError

# b64token of section 2.1, after one space or more. Whether it is a token of ours is for the verifier to say.
CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE | re.ASCII)
MAX_LENGTH = 4096


class BearerError(enum.Enum):
    """Why a request's credentials are rejected: (status, RFC 6750 error code or none, description)."""

    MISSING = (401, "", "Send an API token: Authorization: Bearer <token>.")
    MALFORMED = (400, "invalid_request", "The Authorization header is not of the form: Bearer <token>.")
    INVALID_TOKEN = (401, "invalid_token", "The token is unknown, expired or revoked.")
    INSUFFICIENT_SCOPE = (403, "insufficient_scope", "The token's owner does not have permission to do this.")


def reject(reason: BearerError) -> APIError:
    """The error response, with its challenge; to be raised."""
    return APIError(*reason.value, ("WWW-Authenticate", challenge(reason)))


def challenge(reason: BearerError) -> str:
    """The WWW-Authenticate header; without credentials it carries no error code (section 3.1)."""
    _, code, description = reason.value
    realm = re.sub(r"[^ !#-\[\]-~]", "", settings.PORTAL_NAME)
    if not code:
        return f'Bearer realm="{realm}"'
    return f'Bearer realm="{realm}", error="{code}", error_description="{description}"'


def token_of(header: str | None) -> str | BearerError:
    """The token in an Authorization header. Another scheme (Basic, ...) counts as no credentials."""
    if not header:
        return BearerError.MISSING
    if len(header) > MAX_LENGTH:
        return BearerError.MALFORMED
    if match := CREDENTIALS.fullmatch(header):
        return match[1]
    return BearerError.MALFORMED if header[:6].lower() == "bearer" else BearerError.MISSING
