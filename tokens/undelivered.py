"""A fault for each address that could not be told: after three days of tries the mail is given up, and somebody must know."""

from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from post_office.models import STATUS, Email

from portal.faults import services as faults
from portal.faults.models import Fault

SOURCE = "notice-delivery"


def check_undelivered(addresses: tuple[str, ...], now: datetime) -> None:
    """Raises *Notice not delivered* for each of `addresses` (Config's) whose latest finished mail was given up. Clears it when a
    later one was taken, or when the address is no longer in Config."""
    unreached = [address for address in addresses if latest_failed(address)]
    faults.clear_faults(Fault.objects.filter(source=SOURCE).exclude(key__in=unreached), now)
    faults.raise_faults(fault_for(address, now) for address in unreached)


def latest_failed(address: str) -> bool:
    finished = Email.objects.filter(to=[address], status__in=[STATUS.sent, STATUS.failed]).order_by("-last_updated", "-pk")
    return finished.values_list("status", flat=True).first() == STATUS.failed


def fault_for(address: str, now: datetime) -> Fault:
    log = reverse("admin:post_office_email_changelist") + "?" + urlencode({"q": address})
    return Fault(
        source=SOURCE,
        key=address,
        name="Notice not delivered",
        resource=address,
        description=f"The mail server did not take the latest mail to {address}, in three days of tries.",
        severity=Fault.Severity.CRITICAL,
        raised_at=now,
        links=[{"label": "Mail log", "url": log, "admin_url": log}],
    )
