"""Who a request's bearer token speaks for. Every endpoint that takes a bearer token asks here."""

from datetime import datetime
from typing import Any

from portal.core.client_ip import client_address
from portal.core.error_responses import Answer
from tokens.verification import bearer, limits
from tokens.verification import usage as uses
from tokens.verification.bearer import Problem
from tokens.verification.lookup import Stored
from tokens.verification.verify import Refused, verify

Environ = dict[str, Any]


def fail(problem: Problem, *headers: tuple[str, str]) -> Answer:
    return Answer(problem.status, problem.code, problem.words, ("WWW-Authenticate", bearer.challenge(problem)), *headers)


def authenticate(environ: Environ, now: datetime) -> Stored:
    """Who the request's bearer token speaks for. Raises Answer."""
    text = bearer.token_of(environ.get("HTTP_AUTHORIZATION"))
    if isinstance(text, Problem):
        raise fail(text)
    found = verify(text, now)
    address = client_address(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", ""))
    if isinstance(found, Refused):
        raise wrong(found, now, address)
    uses.note_good(found.id, now, address)
    return found


def wrong(refused: Refused, now: datetime, address: str | None) -> Answer:
    """A refused token is noted on its row, and counts against its sender."""
    if refused.token:
        uses.note_refused(refused.token.id, now, address)
    if wait := limits.wait_after_failure(address):
        return Answer(429, "too_many_requests", "Too many wrong tokens from this address.", ("Retry-After", str(wait)))
    return fail(Problem.INVALID)
