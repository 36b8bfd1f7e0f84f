"""Whose token a request carries. Every endpoint that takes one calls one of the two functions."""

import asyncio
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
        raise reject_token(found, now, address)
    uses.record_accepted(found.id, now, address)
    return found


async def authenticate_in_loop(header: str | None, address: str | None, lookups: Lookups, read: Read) -> Stored:
    """The same in the event loop. `header`: Authorization; `address`: the client's."""
    found, now = await verify_in_loop(presented(header, read), lookups)
    if isinstance(found, Rejected):
        if limits.counter.waits:
            raise await asyncio.to_thread(reject_token, found, now, address)
        raise reject_token(found, now, address)
    uses.record_accepted(found.id, now, address)
    return found


def presented(header: str | None, read: Read) -> str:
    """The token that `read` finds. Raises APIError."""
    text = read(header)
    if isinstance(text, BearerError):
        raise reject(text)
    return text


def reject_token(refused: Rejected, now: datetime, address: str | None) -> APIError:
    """Notes the rejected use on the token's row, and counts it for the address: 429 for one that sends too many."""
    rejection_log.report("token rejected", address, refused.reason.value, token_id=refused.token and str(refused.token.id))
    if refused.token:
        uses.record_rejected(refused.token.id, now, address)
    if wait := limits.wait_after_failure(address):
        return APIError(429, "too_many_requests", "Too many rejected tokens from this address.", ("Retry-After", str(wait)))
    return reject(BearerError.INVALID_TOKEN)
