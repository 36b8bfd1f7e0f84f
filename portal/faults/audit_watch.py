"""Raises a fault when the audit trail is not sealed, or when its entries or heads are not as they were sealed."""

import time
from datetime import datetime, timedelta
from itertools import islice

from portal.audit import verification
from portal.audit.links import address_of
from portal.audit.models import Entry, Head
from portal.audit.sealing import waiting
from portal.faults import services as faults
from portal.faults.models import Fault

SOURCE, UNSEALED, CHANGED = "audit", "sealing", "chain"
LIMIT = timedelta(minutes=15)  # entries are sealed every 10 seconds
UPGRADE = timedelta(hours=6)  # those of earlier releases come first: a million takes a quarter of an hour
MOST = 5  # problems that a fault names


def check(now: datetime) -> None:
    """Raises the fault *Audit trail not sealed*, or clears it. A row or two by an index."""
    adopting = Entry.objects.filter(sequence=None, former_id__isnull=False).exists()
    since = now - (UPGRADE if adopting else LIMIT)
    late = waiting(since).filter(former_id=None, at__lt=since).order_by("at")
    oldest = late.values_list("at", flat=True).first()
    if oldest is None:
        faults.clear_faults(Fault.objects.filter(source=SOURCE, key=UNSEALED), now)
        return
    text = f"Entries since {oldest:%Y-%m-%d %H:%M} UTC are not sealed: a change would not be noticed. Check the worker's log."
    raise_fault(UNSEALED, "Audit trail not sealed", text, now)


def verify(now: datetime, seconds: float = 120.0) -> None:
    """Verifies the chain, the latest days first, for about so many seconds. Raises the fault *Audit trail changed*, which an operator
    clears once it is explained."""
    heads, until = list(Head.objects.order_by("number")), time.monotonic() + seconds
    found = [problem.text for problem in verification.problems_beside_entries(heads)]
    for before, head in reversed(verification.pieces(heads)):
        if time.monotonic() > until or len(found) >= MOST:
            break
        found += [problem.text for problem in islice(verification.verify_piece(before, head), MOST)]
    if found:
        text = f"{' '.join(found[:MOST])} Run `manage.py audit verify` for all of it."
        raise_fault(CHANGED, "Audit trail changed", text, now)


def raise_fault(key: str, name: str, description: str, now: datetime) -> None:
    if Fault.objects.open().filter(source=SOURCE, key=key).exists():
        return
    page = address_of()
    fault = Fault(source=SOURCE, key=key, name=name, resource="Audit trail", description=description, raised_at=now)
    fault.severity, fault.links = Fault.Severity.CRITICAL, [{"label": "Audit trail", "url": page, "admin_url": page}]
    faults.raise_faults([fault])
