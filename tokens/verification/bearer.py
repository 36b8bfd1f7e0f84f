"""The Authorization header (RFC 6750, section 2.1) and the answers that a resource server owes (section 3).

A token comes in this header only: never in a query string, where logs would keep it, and never in a form.
"""

import enum
import re

from django.conf import settings

# b64token of section 2.1, after one space or more. What is no token of ours is for the verifier to refuse.
CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE | re.ASCII)
MOST = 4096


class Problem(enum.Enum):
    """What can be wrong with a request's credentials: (status, RFC 6750 error code or none, words)."""

    NONE = (401, "", "Send an API token: Authorization: Bearer <token>.")
    MALFORMED = (400, "invalid_request", "The Authorization header is not of the form: Bearer <token>.")
    INVALID = (401, "invalid_token", "The token is unknown, expired or revoked.")
    FORBIDDEN = (403, "insufficient_scope", "The token's owner may not do this.")

    @property
    def status(self) -> int:
        return self.value[0]

    @property
    def code(self) -> str:
        return self.value[1]

    @property
    def words(self) -> str:
        return self.value[2]


def token_of(header: str | None) -> str | Problem:
    """The token in an Authorization header. Another scheme (Basic, ...) means: no credentials for us."""
    if not header:
        return Problem.NONE
    if len(header) > MOST:
        return Problem.MALFORMED
    if match := CREDENTIALS.fullmatch(header):
        return match[1]
    return Problem.MALFORMED if header[:6].lower() == "bearer" else Problem.NONE


def challenge(problem: Problem) -> str:
    """The WWW-Authenticate header; without credentials it carries no error code (section 3.1)."""
    realm = re.sub(r"[^ !#-\[\]-~]", "", settings.PORTAL_NAME)
    if not problem.code:
        return f'Bearer realm="{realm}"'
    return f'Bearer realm="{realm}", error="{problem.code}", error_description="{problem.words}"'
