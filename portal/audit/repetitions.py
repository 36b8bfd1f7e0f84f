"""Counts what strangers can cause as often as they like, in a bounded number of entries.

The first event is an entry like any other, sealed within seconds. Its repetitions are counted in a second entry, which changes until its
window is over, and is sealed then: what is sealed never changes.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from portal.audit.models import Entry
from portal.audit.rows import Target
from portal.core import request_context


def count(event: str, target: Target, address: str | None, since: datetime, now: datetime) -> bool:
    """Counts a repetition of `event` about `target` from `address`. False if no entry was written for it after `since`.

    The entry of the first event is locked meanwhile, so that two repetitions do not begin an entry each."""
    same = Entry.objects.filter(event=event, target_kind=target.kind, target_id=target.id, address=address, at__gt=since)
    with transaction.atomic():
        first = same.filter(open_until=None).select_for_update(of=("self",)).order_by("at", "pk").last()
        if first is None:
            return False
        if not add_one(first, since, now):
            begin(first, now, min(first.at, now) + (now - since))  # the former is later where a clock has been set back
    return True


def add_one(first: Entry, since: datetime, now: datetime) -> bool:
    """Counts in the entry that has been begun for `first`. False if there is none. A plain QuerySet: an Entry's own does not update."""
    same = {name: getattr(first, name) for name in ("event", "target_kind", "target_id", "address")}
    still_open: QuerySet[Entry] = QuerySet(Entry).filter(**same, sequence=None, open_until__gt=now, at__gt=since)
    return bool(still_open.update(count=F("count") + 1, last_at=now))


def begin(first: Entry, now: datetime, until: datetime) -> None:
    """The entry of the repetitions of `first`: from the same, about the same, of this request."""
    context = request_context.current()
    copied = ("event", "actor_id", "actor_name", "address", "user_agent", "target_kind", "target_id", "target_name", "details")
    columns = {name: getattr(first, name) for name in copied}
    Entry(**columns, at=now, last_at=now, open_until=until, channel=context.channel, request_id=context.request_id).save()
