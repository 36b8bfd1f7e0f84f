"""Home of a user who looks after nothing but their own tokens."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Q

import settings_app.services as config
from portal.core import permissions as access
from portal.users.models import User
from tokens import dates, services, sessions
from tokens.models import Token

SOONEST, UNUSED = 5, 5  # how many of each are shown
IDLE = timedelta(days=90)  # a token that nothing has used for so long is probably not needed


def context(user: User, session: SessionBase, now: datetime) -> dict[str, Any]:
    mine = Token.objects.permanent().active(now).filter(user=user)
    before = services.expiring_before(now)
    idle = mine.filter(created_at__lte=now - IDLE).filter(Q(last_used_at=None) | Q(last_used_at__lte=now - IDLE))
    return {
        "temporary": sessions.current(session, now),
        "may_create": access.may_create_own_tokens(user, config.get("users_may_create_tokens")),
        "active": mine.count(),
        "soonest": [row(token, now, before) for token in mine.order_by("expires_at", "id")[:SOONEST]],
        "unused": [row(token, now, before) for token in idle.order_by("created_at", "id")[:UNUSED]],
        "idle_days": IDLE.days,
    }


def row(token: Token, now: datetime, before: datetime) -> dict[str, Any]:
    """A token with its days left, and whether those are few: it ends at `before` at the latest."""
    return {"token": token, "days_left": dates.days_left(token.expires_at, now), "soon": token.expires_at <= before}
