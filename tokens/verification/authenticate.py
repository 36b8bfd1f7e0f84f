"""Whose token a request carries. Every endpoint that takes one calls one of the two functions."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from portal.core import rejection_log
from portal.core.error_responses import APIError
from tokens.verification import limits
from tokens.verification import usage as uses
from tokens.verification.bearer import BearerError, reject, token_of
from tokens.verification.lookup import Lookups, Stored
from tokens.verification.verify import Rejected, verify, verify_in_loop

Environ = dict[str, Any]
Read = Callable[[str | None], str | BearerError]


def authenticate(environ: Environ, now: datetime, read: Read = token_of) -> Stored:
    """The request's token, which `read` finds by the Authorization header: a bearer token unless it says otherwise. `environ` has the
    client's address as REMOTE_ADDR (portal/core/client_ip.py).

    Raises APIError, and Unavailable when the database does not respond.
    """
    found = verify(presented(environ.get("HTTP_AUTHORIZATION"), read), now)
    address = environ.get("REMOTE_ADDR") or None
    if isinstance(found, Rejected):
        note_rejected(found, now, address)
        raise rejected(limits.wait_after_failure(address))
    uses.record_accepted(found.id, now, address)
    return found


async def authenticate_in_loop(header: str | None, address: str | None, lookups: Lookups, read: Read) -> Stored:
    """The same in the event loop. `header`: Authorization; `address`: the client's."""
    found, now = await verify_in_loop(presented(header, read), lookups)
    if isinstance(found, Rejected):
        note_rejected(found, now, address)
        raise rejected(await limits.wait_after_failure_in_loop(address))
    uses.record_accepted(found.id, now, address)
    return found


def presented(header: str | None, read: Read) -> str:
    """The token that `read` finds. Raises APIError."""
    text = read(header)
    if isinstance(text, BearerError):
        raise reject(text)
    return text


def note_rejected(rejected: Rejected, now: datetime, address: str | None) -> None:
    """In the log, and on the token's row."""
    rejection_log.report("token rejected", address, rejected.reason.value, token_id=rejected.token and str(rejected.token.id))
    if rejected.token:
        uses.record_rejected(rejected.token.id, now, address)


def rejected(wait: int) -> APIError:
    """The error response: 429 for an address that sends too many, and has to wait so many seconds."""
    if wait:
        return APIError(429, "too_many_requests", "Too many rejected tokens from this address.", ("Retry-After", str(wait)))
    return reject(BearerError.INVALID_TOKEN)
