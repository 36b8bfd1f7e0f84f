"""The state of a passkey's ceremony is kept in the session between its two halves. It is used once, for its purpose, within LIFETIME."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

KEY = "passkey_ceremony"
LIFETIME = timedelta(minutes=5)
ADD, SIGN_IN, SECOND_STEP, CONFIRM = "add", "sign_in", "second_step", "confirm"


def remember(session: SessionBase, purpose: str, state: dict[str, Any], now: datetime) -> None:
    verification = state["user_verification"]
    plain = {"challenge": state["challenge"], "user_verification": str(getattr(verification, "value", verification))}
    session[KEY] = {"purpose": purpose, "state": plain, "ends": (now + LIFETIME).timestamp()}


def recall(session: SessionBase, purpose: str, now: datetime) -> dict[str, Any] | None:
    """The state that was remembered for `purpose`, which is forgotten. None if there is none, or if it is too old."""
    note = session.pop(KEY, None)
    if note is None or note["purpose"] != purpose or note["ends"] < now.timestamp():
        return None
    return note["state"]
