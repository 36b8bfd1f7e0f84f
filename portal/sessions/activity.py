"""Keeps the rows of sign-ins: one for each, made at the sign-in, and updated while its session is used.

A page writes nothing here but once in SEEN_EVERY for each session. When that was last done is remembered in each process, so that a
request needs no query to find out; the UPDATE asks again, since another process may have written it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.db.models import Exists, OuterRef

from portal.sessions.models import SignIn
from portal.users import user_agents
from portal.users.models import User

log = structlog.get_logger(__name__)
SEEN_EVERY = timedelta(minutes=5)
KEPT_FOR = timedelta(days=30)  # after the last use
MOST_REMEMBERED = 20_000
_seen: dict[str, datetime] = {}


@dataclass(frozen=True)
class Use:
    """A request in a session. `session_key`: hashed (`session_store.stored`); `auth_hash`: the user's session hash in the session."""

    session_key: str
    auth_hash: str
    address: str | None
    user_agent: str

    @property
    def values(self) -> dict[str, str | None]:
        return {"auth_hash": self.auth_hash, "address": self.address, "device": user_agents.device(self.user_agent)}


def signed_in(user: User, use: Use, method: str, now: datetime) -> SignIn:
    """Makes the row of a sign-in. A second sign-in in the same session starts the row again. `method`: how, in words."""
    values = {**use.values, "user": user, "method": method, "signed_in_at": now, "last_seen_at": now, "ended_at": None}
    row, _ = SignIn.objects.update_or_create(session_key=use.session_key, defaults=values)
    remember(use.session_key, now)
    return row


def seen(user: User, use: Use, now: datetime) -> None:
    """Notes that a session is used, unless that was noted in the last 5 minutes. A session without a row, from before there were any,
    gets one. A page does not fail because of this."""
    last = _seen.get(use.session_key)
    if last and abs(now - last) < SEEN_EVERY:
        return
    remember(use.session_key, now)
    try:
        rows = SignIn.objects.filter(session_key=use.session_key)
        if not rows.filter(ended_at=None, last_seen_at__lte=now - SEEN_EVERY).update(**use.values, last_seen_at=now) and not rows.exists():
            SignIn.objects.bulk_create(
                [SignIn(user=user, session_key=use.session_key, signed_in_at=now, last_seen_at=now, **use.values)], ignore_conflicts=True
            )
    except DatabaseError as error:
        log.warning("last use of a session not noted", error=type(error).__name__)


def remember(session_key: str, now: datetime) -> None:
    """Forgets all when there are too many: each session is then asked about once more."""
    if len(_seen) >= MOST_REMEMBERED:
        _seen.clear()
    _seen[session_key] = now


def clean_up(now: datetime) -> None:
    """Deletes the rows of sessions that are over and were last used 30 days ago."""
    sessions = Session.objects.filter(session_key=OuterRef("session_key"))
    SignIn.objects.filter(~Exists(sessions), last_seen_at__lt=now - KEPT_FOR).delete()
