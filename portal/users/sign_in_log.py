"""A failed sign-in leaves a line in the log, with the client's address and the reason (portal/core/rejection_log.py)."""

from typing import Any

from django.http import HttpRequest

from portal.core import rejection_log
from portal.users import trail
from portal.users.models import User
from portal.users.sign_in_watch import SIGN_INS
from portal.users.signals import attempt_throttled, sign_in_failed

EVENT = "sign-in failed"


def failed(sender: Any, request: HttpRequest, account: str, **kwargs: Any) -> None:
    """Only a name that exists is written: somebody may have typed a password into the wrong field."""
    user = trail.find(account)
    rejection_log.report(EVENT, request.META.get("REMOTE_ADDR") or None, reason(user), user=user and user.username)


def reason(user: User | None) -> str:
    if user is None:
        return "unknown account"
    if user.kind != User.Kind.PERSON:
        return "service account"
    return "wrong password" if user.is_active else "inactive account"


def throttled(sender: Any, request: HttpRequest, action: str, **kwargs: Any) -> None:
    if action in SIGN_INS:
        rejection_log.report(EVENT, request.META.get("REMOTE_ADDR") or None, "too many attempts")


def connect() -> None:
    """Called once, when the app is ready."""
    sign_in_failed.connect(failed)
    attempt_throttled.connect(throttled)
