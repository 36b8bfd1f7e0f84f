"""Scan watchdog: has a scan finished lately? Pages and /healthz/scan check, so it needs neither beat nor a worker to be running."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from django.conf import settings
from django.db import Error
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from portal.core import permissions as access
from portal.core.transactions import lock_timeout
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.users.models import User
from tokens.models import ScanRun

log = structlog.get_logger(__name__)
SOURCE, KEY = "scan-overdue", "scan"
LOCK_TIMEOUT = timedelta(milliseconds=200)  # the check is part of a page that somebody waits for


class Health(NamedTuple):
    """`since`: when the last scan finished without an error; before the first one, when the portal got its first user."""

    since: datetime | None
    scanned: bool
    overdue: bool


def limit() -> timedelta:
    return timedelta(minutes=2 * settings.TOKEN_SCAN_MINUTES)


def read(now: datetime) -> Health:
    """One row by an index; before the first scan, one more."""
    finished = ScanRun.objects.filter(error="", finished_at__isnull=False).order_by("-finished_at")
    last = finished.values_list("finished_at", flat=True).first()
    since = last or User.objects.order_by("pk").values_list("created_at", flat=True).first()
    # A scan that finished in the future had a wrong clock, and says nothing about the present.
    return Health(since, last is not None, since is not None and not -limit() <= now - since <= limit())


def check(now: datetime) -> Health:
    """Reads when a scan last finished, and raises the fault *Scan overdue* if that was too long ago."""
    health = read(now)
    if health.overdue:
        raise_fault(health, now)
    return health


def raise_fault(health: Health, now: datetime) -> None:
    """A database that accepts no writes, or not soon, must not break the page that checks: the next one raises the fault."""
    try:
        if not Fault.objects.open().filter(source=SOURCE, key=KEY).exists():
            with lock_timeout(LOCK_TIMEOUT):
                faults.raise_faults([fault_for(health, now)])
    except Error as error:
        log.warning("scan overdue, fault not raised", error=type(error).__name__)


def fault_for(health: Health, now: datetime) -> Fault:
    page = reverse("settings:config")
    return Fault(
        source=SOURCE,
        key=KEY,
        name="Scan overdue",
        resource="Expiry scan",
        description=f"{in_words(health)} Expiring tokens are not being detected. Check the Celery worker and beat.",
        severity=Fault.Severity.CRITICAL,
        raised_at=now,
        links=[{"label": "Scans", "url": page, "admin_url": reverse("admin:tokens_scanrun_changelist")}],
    )


def in_words(health: Health) -> str:
    since = f"{timezone.localtime(health.since):%Y-%m-%d %H:%M %Z}"
    return f"No scan has finished since {since}." if health.scanned else f"No scan has finished since the portal was set up, {since}."


def clear_overdue_fault(now: datetime) -> None:
    """To be called when a scan has finished."""
    faults.clear_faults(Fault.objects.filter(source=SOURCE), now)


def banner(request: HttpRequest) -> dict[str, Any]:
    """Context processor, for administrators: `banner`, a template that every page includes, and `scan_overdue`, a sentence or nothing.
    It is worked out when the page uses it: a list renders each cell as a template of its own, and every one of them runs this."""
    user = getattr(request, "user", None)
    watches = user is not None and user.is_authenticated and user.role == access.ADMINISTRATOR
    if not watches:
        return {}
    return {"banner": "tokens/_scan_overdue.html", "scan_overdue": SimpleLazyObject(overdue_now)}


def overdue_now() -> str:
    try:
        health = check(timezone.now())
    except Error as error:
        log.warning("scan not checked", error=type(error).__name__)
        return ""
    return in_words(health) if health.overdue else ""
