"""What the verifier says of a token, as tests like to compare it: the Token itself, or the Refusal."""

from datetime import datetime

from tokens.models import Token
from tokens.verification import lookup, verify
from tokens.verification.verify import Refusal, Refused


def verdict(text: str, now: datetime) -> Token | Refusal:
    found = verify.verify(text, now)
    return found.reason if isinstance(found, Refused) else Token.objects.select_related("user").get(pk=found.id)


def refusal(token: Token, now: datetime) -> Refusal | None:
    """The same of a stored token."""
    return verify.refusal(lookup.Stored.of(token), now)
