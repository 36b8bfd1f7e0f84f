"""Faults of the audit trail's receivers: one that accepts nothing for some minutes, and entries that were deleted before it had them."""

from datetime import datetime
from typing import Any

from portal.audit.stream import signals
from portal.audit.stream.cursors import LONGEST_WAIT
from portal.audit.stream.models import Target
from portal.faults import services
from portal.faults.models import Fault

NOT_DELIVERED, LOST = "audit-delivery", "audit-lost"


def failing(sender: Any, target: Target, now: datetime, **kwargs: Any) -> None:
    description = (
        f"{target.name} has accepted no audit entries since {target.failing_since:%Y-%m-%d %H:%M} UTC: {target.last_error}. They are "
        f"kept and sent again, for up to {LONGEST_WAIT.days} days longer than other entries are. This fault clears when they are accepted."
    )
    fault = Fault(source=NOT_DELIVERED, key=target.name[:254], name="Audit entries not delivered", resource=target.name, raised_at=now)
    fault.description, fault.severity = description, Fault.Severity.CRITICAL
    services.raise_faults([fault])


def recovered(sender: Any, name: str, now: datetime, **kwargs: Any) -> None:
    services.clear_faults(Fault.objects.filter(source=NOT_DELIVERED, key=name[:254]), now)


def lost(sender: Any, name: str, first: int, last: int, now: datetime, **kwargs: Any) -> None:
    """It stays open until somebody has seen it: nothing brings the entries back."""
    fault = Fault(source=LOST, key=f"{name} {last}"[:254], name="Audit entries deleted undelivered", resource=name, raised_at=now)
    fault.description = (
        f"Entries {first} to {last} of the audit trail were deleted after their time, and {name} has not accepted all of them."
    )
    fault.severity = Fault.Severity.CRITICAL
    services.raise_faults([fault])


def connect() -> None:
    """Called once, when the app is ready."""
    signals.target_failing.connect(failing)
    signals.target_recovered.connect(recovered)
    signals.entries_lost.connect(lost)
