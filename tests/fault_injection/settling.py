"""After the faults: is everything done that was to be done?"""

import time
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from portal.faults.models import Fault
from portal.notifications.models import Message
from tests.fault_injection.injection import FaultInjection
from tests.fault_injection.people import LADDER
from tokens import dates
from tokens.models import Notice, ScanRun

SETTLED_WITHIN = 60  # seconds in which everything must have settled


def settle(injection: FaultInjection) -> float:
    """The mail server is well again, Config complete. Returns the seconds until nothing was left to do; fails with what is left."""
    injection.mail.failing = False
    injection.people.settle()
    changed, began = timezone.now(), time.monotonic()
    while left := unsettled(changed):
        assert time.monotonic() - began < SETTLED_WITHIN, f"not settled after {SETTLED_WITHIN} seconds: {left}"
        time.sleep(0.2)
    return time.monotonic() - began


def unsettled(since: datetime) -> str:
    """What is still to be done, "" if nothing is."""
    if not ScanRun.objects.filter(started_at__gt=since, finished_at__isnull=False, error="").exists():
        return "no scan has finished since the last change"
    waits = {
        "messages wait": Message.objects.filter(state__in=[Message.State.QUEUED, Message.State.SENDING]).count(),
        "faults 'Notification not delivered' are open": Fault.objects.open().filter(source="notice-delivery").count(),
        "notices are not sent": Notice.objects.filter(due_now(), ~Q(message__state=Message.State.SENT)).count(),
    }
    return ", ".join(f"{count} {what}" for what, count in waits.items() if count)


def due_now() -> Q:
    now = timezone.now()
    return Q(token__revoked_at=None, token__expires_at__lte=dates.due_before(max(LADDER), now))
