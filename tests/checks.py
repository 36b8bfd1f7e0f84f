"""The result of verifying a token, in a form that tests can compare: the Token itself, or the RejectionReason."""

from datetime import datetime

from tokens.models import Token
from tokens.verification import lookup, verify
from tokens.verification.verify import Rejected, RejectionReason


def verification_result(text: str, now: datetime) -> Token | RejectionReason:
    found = verify.verify(text, now)
    return found.reason if isinstance(found, Rejected) else Token.objects.select_related("user").get(pk=found.id)


def rejection_reason(token: Token, now: datetime) -> RejectionReason | None:
    """The same of a stored token."""
    return verify.rejection_reason(lookup.Stored.of(token), now)
