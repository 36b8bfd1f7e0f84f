"""After the storm: is everything done that was to be done?"""

import time
from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from post_office.models import STATUS, Email

from portal.faults.models import Fault
from tests.storm.people import LADDER
from tests.storm.storm import Storm
from tokens import dates
from tokens.models import Digest, Notice, ScanRange, ScanRun

CALM = 60  # seconds in which everything must have settled


def settle(storm: Storm) -> float:
    """The mail server is well again, Config complete. Returns the seconds until nothing was left to do; fails with what is left."""
    storm.mail.bad_tempered = False
    storm.people.settle()
    changed, began = timezone.now(), time.monotonic()
    while left := unsettled(changed):
        assert time.monotonic() - began < CALM, f"not settled after {CALM} seconds: {left}"
        time.sleep(0.2)
    return time.monotonic() - began


def unsettled(since: datetime) -> str:
    """What is still to be done, "" if nothing is."""
    if not ScanRun.objects.filter(started_at__gt=since, finished_at__isnull=False, error="").exists():
        return "no scan has finished since the last change"
    waits = {
        "mails wait": Email.objects.filter(status__in=[STATUS.queued, STATUS.requeued]).count(),
        "digests wait": Digest.objects.filter(state=Digest.State.QUEUED).count(),
        "ranges are not done": ScanRange.objects.filter(done_at=None).count(),
        "faults 'Notice not delivered' are open": Fault.objects.open().filter(source="notice-delivery").count(),
        "notices are not sent": Notice.objects.filter(due_now(), ~Q(digest__state=Digest.State.SENT)).count(),
    }
    return ", ".join(f"{count} {what}" for what, count in waits.items() if count)


def due_now() -> Q:
    now = timezone.now()
    return Q(token__revoked_at=None, token__expires_at__lte=dates.due_before(max(LADDER), now))
