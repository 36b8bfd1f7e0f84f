"""A fault for each address that could not be told: after three days of tries the mail is given up, and somebody must know."""

from datetime import datetime

from django.db.models import Max, Q
from django.urls import reverse
from post_office.models import STATUS

from portal.faults import services as faults
from portal.faults.models import Fault
from tokens.models import Notice

SOURCE = "notice-delivery"


def check_undelivered(now: datetime) -> None:
    """Raises *Notice not delivered* for an address whose latest finished mail failed; clears it when a later one was taken."""
    failed, sent = Q(email__status=STATUS.failed), Q(email__status=STATUS.sent)
    ends = (
        Notice.objects.filter(failed | sent)
        .values("address")
        .annotate(failed=Max("email__last_updated", filter=failed), sent=Max("email__last_updated", filter=sent))
    )
    unreached = [row["address"] for row in ends if row["failed"] and (not row["sent"] or row["sent"] < row["failed"])]
    faults.clear_faults(Fault.objects.filter(source=SOURCE).exclude(key__in=[key(address) for address in unreached]), now)
    faults.raise_faults(fault_for(address, now) for address in unreached)


def key(address: str) -> str:
    return address[:100]


def fault_for(address: str, now: datetime) -> Fault:
    log = reverse("admin:post_office_email_changelist") + f"?q={address}"
    return Fault(
        source=SOURCE,
        key=key(address),
        name="Notice not delivered",
        resource=address,
        description=f"The mail server did not take the latest mail about expiring tokens to {address}, in three days of tries.",
        severity=Fault.Severity.CRITICAL,
        raised_at=now,
        links=[{"label": "Mail log", "url": log, "admin_url": log}],
    )
