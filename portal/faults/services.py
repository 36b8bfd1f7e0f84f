"""The services of faults: raise, clear, acknowledge. All are set operations, and repeating any of them changes nothing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.insert_select import insert_select
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


def raise_selected(rows: QuerySet[Any], source: str, now: datetime, **columns: Any) -> int:
    """Opens a fault for each of `rows` that has none open yet, by its annotation `key`. Returns how many are new.

    `columns`: the fault's other fields, as values or as expressions over a row. One statement, however many rows there are."""
    is_open = Exists(Fault.objects.open().filter(source=source, key=OuterRef("key")))
    return insert_select(Fault, rows.filter(~is_open), source=source, key=F("key"), raised_at=now, **columns)


def clear_others(rows: QuerySet[Any], source: str, now: datetime) -> int:
    """Clears the open faults of `source` that are none of `rows`, by their annotation `key`. Returns how many."""
    others = Fault.objects.filter(~Exists(rows.filter(key=OuterRef("key"))), source=source)
    return clear_faults(others, now)


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


def undo_acknowledge(fault: Fault, actor: Actor) -> bool:
    """Makes an acknowledged fault open again. False when it is not acknowledged (any more) or is cleared."""
    with transaction.atomic():
        access.lock(actor, *access.REVIEWERS)
        rows = Fault.objects.acknowledged().filter(pk=fault.pk)
        if not rows.update(acknowledged_at=None, acknowledged_by=None):
            return False
        audit.record(actor, fault, audit.UPDATE, state=("Acknowledged", "Open"))
    return True


def not_acknowledged(fault: Fault) -> str:
    """The message for those who undo too late."""
    return f"{fault} is not acknowledged, or has been cleared."


def acknowledge_many(ids: list[int], actor: Actor, now: datetime) -> int:
    """Acknowledges those of the faults `ids` that are open and not acknowledged yet. Returns how many."""
    with transaction.atomic():
        access.lock(actor, *access.REVIEWERS)
        chosen = Fault.objects.unacknowledged().filter(pk__in=ids).order_by("pk")
        faults = list(chosen.select_for_update())
        rows = Fault.objects.unacknowledged().filter(pk__in=[fault.pk for fault in faults])
        if rows.update(acknowledged_at=now, acknowledged_by=actor.user) != len(faults):
            raise RuntimeError("A locked fault was changed by somebody else.")
        audit.record_all(actor, faults, audit.UPDATE, state=("Open", "Acknowledged"))
    return len(faults)


def settled_already(fault: Fault) -> str:
    """What is said to those who acknowledge too late."""
    return f"{fault} has already been acknowledged or cleared."


def clear(fault: Fault, actor: Actor, now: datetime) -> bool:
    """Clears one fault by hand. If its cause is still there, the next scan raises it again."""
    with transaction.atomic():
        access.lock(actor, *access.REVIEWERS)
        if not clear_faults(Fault.objects.filter(pk=fault.pk), now):
            return False
        audit.record(actor, fault, audit.UPDATE, state=(fault.state, "Cleared"))
    return True
