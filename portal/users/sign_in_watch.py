"""A burst of sign-ins that failed, or were rejected because there were too many, raises a fault. It clears when it has been quiet."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from portal.audit.links import address_of
from portal.audit.services import Event
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.users import limits, throttle, trail
from portal.users.models import Throttle
from portal.users.signals import attempt_throttled, sign_in_failed
from portal.users.throttle import Rate, Throttled

SOURCE = "sign-in"
WINDOW = timedelta(minutes=10)
# More than that in any WINDOW is a burst. A limit lets a stranger try 5 passwords in 5 minutes; a person who has forgotten one gives up
# long before 20. Attempts that were rejected unseen count too.
OF_ACCOUNT = Rate("failed and rejected sign-ins to an account that raise a fault", 20, WINDOW)
OF_ALL = Rate("failed and rejected sign-ins that raise a fault", 100, WINDOW)
# Attempts on many accounts must not fill the list of faults: beyond so many, the fault about all of them says enough.
MOST_ACCOUNTS = 20
SIGN_INS = {rate.action for rate in (*limits.STRANGERS, throttle.FAILED_BY_DEVICE)}


def failed(sender: Any, request: HttpRequest, account: str, **kwargs: Any) -> None:
    count(account, timezone.now())


def throttled(sender: Any, request: HttpRequest, action: str, account: str, **kwargs: Any) -> None:
    if action in SIGN_INS:
        count(account, timezone.now())


def count(account: str, now: datetime) -> None:
    """Counts an attempt, and raises the faults that are due. A full row is only read: a flood costs no writes."""
    user = trail.find(account)
    if user and is_burst(OF_ACCOUNT, str(user.pk), now):
        page = reverse("admin:users_user_change", args=[user.pk])
        raise_fault(throttle.key_of(OF_ACCOUNT, str(user.pk)), f"Account {user.username}", page, now)
    if is_burst(OF_ALL, "", now):
        raise_fault(throttle.key_of(OF_ALL, ""), "All accounts", address_of(event=Event.SIGN_IN_FAILED), now)


def is_burst(rate: Rate, subject: str, now: datetime) -> bool:
    try:
        throttle.hit(rate, subject, now)
    except Throttled:
        return True
    return False


def raise_fault(key: str, resource: str, page: str, now: datetime) -> None:
    mine = Fault.objects.open().filter(source=SOURCE)
    everybody = throttle.key_of(OF_ALL, "")
    if mine.filter(key=key).exists() or (key != everybody and mine.exclude(key=everybody).count() >= MOST_ACCOUNTS):
        return
    most = OF_ALL if key == everybody else OF_ACCOUNT
    fault = Fault(
        source=SOURCE,
        key=key,
        name="Many failed sign-ins",
        resource=resource,
        description=f"More than {most.amount} sign-ins failed or were rejected within {WINDOW.seconds // 60} minutes. Somebody may be "
        "guessing passwords. The audit trail lists the addresses. This fault clears when no more attempts are made.",
        severity=Fault.Severity.CRITICAL,
        raised_at=now,
        links=[{"label": "Details", "url": page, "admin_url": page}],
    )
    faults.raise_faults([fault])


def clear_quiet(now: datetime) -> int:
    """Clears the faults of bursts that are over: at least WINDOW long nothing was counted, not even after the row could count again.
    Returns how many."""
    lately = Throttle.objects.filter(ends_at__gt=now - WINDOW)
    return faults.clear_faults(Fault.objects.filter(source=SOURCE).exclude(key__in=lately.values("key")), now)


def connect() -> None:
    """Called once, when the app is ready."""
    sign_in_failed.connect(failed)
    attempt_throttled.connect(throttled)
