"""The service accounts that a user owns, on the Profile: emails about their tokens lead there."""

from datetime import datetime
from typing import Any

from portal.directory import owners
from portal.directory.parts import Part
from portal.users.models import User
from tokens import dates
from tokens.models import Token

SOONEST = 5


def context(user: User, now: datetime) -> dict[str, Any]:
    """`owned`: the first active service accounts; `owned_tokens`: those of their tokens that expire next, with the last day of each."""
    accounts = owners.owned_by(user).filter(is_active=True)
    owned = Part.of(accounts.order_by("username"))
    tokens = Token.objects.permanent().active(now).filter(user__in=accounts).select_related("user").order_by("expires_at", "pk")
    soonest = [(token, dates.day_of(token.last_moment)) for token in tokens[:SOONEST]] if owned.total else []
    return {"owned": owned, "owned_tokens": soonest}
