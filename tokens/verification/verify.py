"""Verifies a token's text: returns the stored token, or the reason why it is rejected. When in doubt, it is rejected.

The reason is for the portal's own pages, counters and tests. The error response is the same for all of them.
"""

import enum
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

from portal.users.models import User
from tokens import token_format
from tokens.models import Token
from tokens.sessions import same_session
from tokens.verification import lookup
from tokens.verification.lookup import Stored

TEMPORARY = Token.Kind.TEMPORARY.value
PREFIXES = {Token.Kind.PERMANENT.value: token_format.PERMANENT, TEMPORARY: token_format.TEMPORARY}


class RejectionReason(enum.Enum):
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    EXPIRED = "expired"
    OWNER_INACTIVE = "owner inactive"
    SESSION_OVER = "session over"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A rejected token. `token` is its row, if there is one."""

    reason: RejectionReason
    token: Stored | None = None


def rejection_reason(token: Stored, now: datetime) -> RejectionReason | None:
    """Why a stored token is rejected at `now`; None if it is valid."""
    if token.revoked_at is not None:
        return RejectionReason.REVOKED
    if token.expires_at <= now:
        return RejectionReason.EXPIRED
    if not token.owner_active:
        return RejectionReason.OWNER_INACTIVE
    if token.kind == TEMPORARY:
        owner = User(password=token.password, session_stamp=token.session_stamp)
        if not same_session(token.session_hash, owner):
            return RejectionReason.SESSION_OVER
    return None


def verify(text: str, now: datetime) -> Stored | Rejected:
    """The valid token whose text is `text`, or why it is rejected. One query; none if the format or the checksum is wrong.

    Raises `lookup.Unavailable` when the database does not answer.
    """
    if not token_format.well_formed(text):
        return Rejected(RejectionReason.MALFORMED)
    digest = token_format.digest(text)
    return judge(text, digest, lookup.by_digest(digest), now)


async def verify_in_loop(text: str, lookups: lookup.Lookups) -> tuple[Stored | Rejected, datetime]:
    """The same for the event loop, and the time at which it was judged: a look-up may have to wait, and a token to end meanwhile."""
    if not token_format.well_formed(text):
        return Rejected(RejectionReason.MALFORMED), datetime.now(UTC)
    digest = token_format.digest(text)
    row = await lookups.look_up(digest)
    now = datetime.now(UTC)
    return judge(text, digest, row, now), now


def judge(text: str, digest: bytes, row: Stored | None, now: datetime) -> Stored | Rejected:
    """`row`: what was found for `digest`, that of `text`."""
    if row is None or not hmac.compare_digest(bytes(row.digest), digest) or not text.startswith(PREFIXES[row.kind]):
        return Rejected(RejectionReason.UNKNOWN)
    reason = rejection_reason(row, now)
    return Rejected(reason, row) if reason else row
