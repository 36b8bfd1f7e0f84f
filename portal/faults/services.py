"""The verbs of faults: raise, clear, acknowledge. All are set operations, and repeating any of them changes nothing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.faults.models import Fault

BATCH = 1000


def raise_faults(faults: Iterable[Fault]) -> int:
    """Opens each fault that is not open yet (one open fault for each source and key, by constraint). Returns how many are new.

    Shape: unsaved Faults, all of one source; they are read as a stream, 1,000 at a time.
    """
    raised = 0
    batch: list[Fault] = []
    for fault in faults:
        batch.append(fault)
        if len(batch) == BATCH:
            raised += insert(batch)
            batch = []
    return raised + insert(batch) if batch else raised


def insert(batch: list[Fault]) -> int:
    """Inserts what is not there. Counts in the same transaction, since INSERT ... ON CONFLICT does not say what it passed over."""
    keys = [fault.key for fault in batch]
    with transaction.atomic():
        open_keys = set(Fault.objects.open().filter(source=batch[0].source, key__in=keys).values_list("key", flat=True))
        new = [fault for fault in batch if fault.key not in open_keys]
        Fault.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def raise_selected(source: str, select: str, values: dict[str, Any], now: datetime) -> int:
    """Opens a fault for each row of a SELECT that has none open yet. Returns how many are new.

    `select`: SQL whose columns are key, name, resource, description, severity and links (JSON), in this order; `values`: its
    named parameters. One statement, so that a million faults cost no memory here.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO faults_fault (source, raised_at, key, name, resource, description, severity, links)
            SELECT %(fault_source)s, %(fault_raised_at)s, found.* FROM ({select}) AS found
            WHERE NOT EXISTS (SELECT 1 FROM faults_fault f WHERE f.source = %(fault_source)s AND f.cleared_at IS NULL AND f.key = found.key)
            ORDER BY found.key ON CONFLICT DO NOTHING""",  # noqa: S608
            values | {"fault_source": source, "fault_raised_at": connection.ops.adapt_datetimefield_value(now)},
        )
        return cursor.rowcount


def clear_others(source: str, select: str, values: dict[str, Any], now: datetime, among: str | None = None) -> int:
    """Clears the open faults of `source` whose keys a SELECT (one column, `key`) does not find; of those only that `among`, another
    such SELECT, finds. Returns how many."""
    of_those = f"AND key IN ({among})" if among else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE faults_fault SET cleared_at = %(fault_cleared_at)s WHERE source = %(fault_source)s AND cleared_at IS NULL {of_those}
            AND NOT EXISTS (SELECT 1 FROM ({select}) AS found WHERE found.key = faults_fault.key)""",  # noqa: S608
            values | {"fault_source": source, "fault_cleared_at": connection.ops.adapt_datetimefield_value(now)},
        )
        return cursor.rowcount


def clear_faults(faults: QuerySet[Fault], now: datetime) -> int:
    """Clears those of `faults` that are open. Returns how many."""
    return faults.filter(cleared_at=None).update(cleared_at=now)


def acknowledge(fault: Fault, actor: Actor, now: datetime) -> bool:
    """Notes that `actor` has seen an open fault. False when that was said before or the fault is cleared."""
    with transaction.atomic():
        access.lock(actor, *access.REVIEWERS)
        rows = Fault.objects.unacknowledged().filter(pk=fault.pk)
        if not rows.update(acknowledged_at=now, acknowledged_by=actor.user):
            return False
        audit.record(actor, fault, audit.UPDATE, state=("Open", "Acknowledged"))
    return True


def settled_already(fault: Fault) -> str:
    """What is said to those who acknowledge too late."""
    return f"{fault} was acknowledged or cleared already."


def clear(fault: Fault, actor: Actor, now: datetime) -> bool:
    """Clears one fault by hand. If its cause is still there, the next scan raises it anew."""
    with transaction.atomic():
        access.lock(actor, *access.REVIEWERS)
        if not clear_faults(Fault.objects.filter(pk=fault.pk), now):
            return False
        audit.record(actor, fault, audit.UPDATE, state=(fault.state, "Cleared"))
    return True
