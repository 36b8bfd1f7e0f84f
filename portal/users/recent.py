"""How long ago the person at this session showed who they are: by signing in, or by confirming it since."""

from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase

import settings_app.services as config

KEY = "confirmed_at"
# For changes to how a user signs in (factors, company accounts), whatever Config says.
FOR_SIGN_IN = timedelta(minutes=5)


def confirm(session: SessionBase, now: datetime) -> None:
    session[KEY] = now.timestamp()


def within(session: SessionBase, period: timedelta, now: datetime) -> bool:
    """A time in the future is no confirmation: the clock was set back since."""
    at = session.get(KEY)
    return at is not None and 0 <= now.timestamp() - at < period.total_seconds()


def is_too_old(session: SessionBase, now: datetime) -> bool:
    """Must the user confirm who they are before a token is created or shown? Config says after how many minutes; 0: never."""
    minutes = config.get("recent_sign_in_minutes")
    return bool(minutes) and not within(session, timedelta(minutes=minutes), now)
