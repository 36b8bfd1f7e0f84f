"""Is a token good? Text in; the token, with its owner, or a named reason out. Every doubt is a refusal.

The reason is for the portal's own log and tests. What the outside hears is the same for all of them.
"""

import enum
from datetime import datetime

from django.utils.crypto import constant_time_compare

from tokens import secret
from tokens.models import Token
from tokens.sessions import same_session


class Refusal(enum.Enum):
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    EXPIRED = "expired"
    OWNER_INACTIVE = "owner inactive"
    SESSION_OVER = "session over"


def refusal(token: Token, now: datetime) -> Refusal | None:
    """Why a stored token, fetched with its owner, is not good at `now`. None: it is good."""
    if token.revoked_at is not None:
        return Refusal.REVOKED
    if token.expires_at <= now:
        return Refusal.EXPIRED
    if not token.user.is_active or token.user.deleted_at is not None:
        return Refusal.OWNER_INACTIVE
    if token.kind == Token.Kind.TEMPORARY and not same_session(token, token.user):
        return Refusal.SESSION_OVER
    return None


def verify(text: str, now: datetime) -> Token | Refusal:
    """The good token that `text` is, with `token.user` loaded, or why it is refused. One query; none for a malformed text."""
    if not secret.well_formed(text):
        return Refusal.MALFORMED
    digest = secret.digest(text)
    token = Token.objects.select_related("user").filter(digest=digest).first()
    if token is None or not constant_time_compare(bytes(token.digest), digest) or not text.startswith(token.prefix):
        return Refusal.UNKNOWN
    return refusal(token, now) or token
