"""Entries of the audit trail that are sealed, so that they are to be delivered."""

from datetime import datetime
from typing import Any

from portal.audit import sealing
from portal.audit.models import Entry
from tests.clock import NOW


def add(count: int = 1, now: datetime = NOW, **columns: Any) -> None:
    values = {"at": now, "event": "user.changed", "target_kind": "user", "target_id": "7", "target_name": "olga@example.com"}
    Entry.objects.bulk_create([Entry(**values | columns) for _ in range(count)])
    while sealing.seal(now):
        pass
