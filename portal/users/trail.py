"""Sign-ins, failed ones, throttling and sign-outs in the audit trail (`portal.audit.services.Event`).

An attempt to sign in needs no account, so what strangers can have written is bounded: repetitions from one address on one account
are counted in one row for each WINDOW, and at most ROWS rows of one kind are written in that time; whatever is beyond is counted in one.
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models import Model
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils import timezone

from portal.audit import services as audit
from portal.audit.services import Event
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.users import limits, sign_in_methods, throttle
from portal.users.models import Throttle, User
from portal.users.signals import attempt_throttled, sign_in_failed
from portal.users.throttle import Rate, Throttled

WINDOW = timedelta(minutes=10)
ROWS = 100
ONCE = Rate("audit rows of throttling", 1, WINDOW)


def signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    if not request.session.session_key:  # it has none yet if the browser was somebody else's before
        request.session.save()
    audit.event(Event.SIGNED_IN, access.actor_of(request, user), user, methods=sign_in_methods.of(request, user) or "unknown")


def signed_out(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user:
        audit.event(Event.SIGNED_OUT, access.actor_of(request, user), user)


def failed(sender: Any, request: HttpRequest, account: str, **kwargs: Any) -> None:
    note(Event.SIGN_IN_FAILED, request, account)


def throttled(sender: Any, request: HttpRequest, action: str, account: str, **kwargs: Any) -> None:
    """Only the first of a WINDOW is recorded: to reject an attempt must cost no write."""
    try:
        throttle.hit(ONCE, f"{action}:{limits.address(request)}", timezone.now())
    except Throttled:
        return
    note(Event.THROTTLED, request, account, action=action)


def note(kind: Event, request: HttpRequest, account: str, **details: Any) -> None:
    """Records an event that strangers can cause. `account`: what was typed, which may be anything (a password in the wrong field)."""
    client = access.actor_of(request)
    user = find(account)
    target = user or Throttle(pk=f"unknown account from {client.address}")
    if not user:
        details["account_hash"] = throttle.key_of(ONCE, limits.folded(account))[:12]
    actor = client if request.user.is_authenticated else None
    record_bounded(kind, actor, target, client, "accounts" if user else "unknown accounts", timezone.now(), **details)


def record_bounded(kind: Event, actor: Actor | None, target: Model, client: Actor, group: str, now: datetime, **details: Any) -> None:
    """`audit.event`, for an event that strangers can cause as often as they like. `group`: what the events beyond ROWS are of."""
    if audit.count_again(kind, target, client.address, now - WINDOW):
        return
    try:
        throttle.hit(Rate(f"audit rows of {kind.value}, {group}", ROWS, WINDOW), "", now)
    except Throttled:
        rest = Throttle(pk=f"many {group}")
        if not audit.count_again(kind, rest, None, now - WINDOW):
            audit.event(kind, None, rest, count=1)
        return
    audit.event(kind, actor, target, client, **details)


def find(account: str) -> User | None:
    """Whose account was typed. Looked for by an index: strangers ask."""
    name = account.replace("\0", "").strip()[:254].lower()
    return User.objects.existing().alias(lower=Lower("username")).filter(lower=name).first()


def connect() -> None:
    """Called once, when the app is ready."""
    user_logged_in.connect(signed_in)
    user_logged_out.connect(signed_out)
    sign_in_failed.connect(failed)
    attempt_throttled.connect(throttled)
