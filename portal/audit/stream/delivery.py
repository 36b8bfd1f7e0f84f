"""Sends sealed entries to a receiver: each at least once, in the order of the chain, by one worker at a time.

The cursor moves only when the receiver has a batch, so a worker that is killed in between leaves no gap: the next one sends that batch
again. By the `sequence` in each entry a receiver recognises what it has already.
"""

import time
from datetime import datetime, timedelta

from portal.audit.models import Entry
from portal.audit.stream import cursors
from portal.audit.stream.receivers import Receiver

BATCH = 500
MAX_DURATION = timedelta(seconds=20)  # of one call, so that a slow receiver does not keep a worker from its other tasks


def deliver(receiver: Receiver, now: datetime) -> int:
    """Sends what is sealed and not delivered yet, for about 20 seconds at most. Returns how many entries the receiver accepted."""
    target = cursors.claim(receiver.name, now)
    if target is None:
        return 0
    began, sender, accepted = time.monotonic(), receiver.sender(), 0
    while entries := following(target.delivered, size(target.attempts)):
        try:
            sender.send(entries)
        except Exception as error:  # the network's, TLS's, the receiver's: it is not certain that it has them
            cursors.record_failure(target, error, now + timedelta(seconds=time.monotonic() - began))
            return accepted
        spent = timedelta(seconds=time.monotonic() - began)
        if not cursors.record_delivered(target, entries[-1].sequence or 0, now + spent):
            return accepted
        accepted += len(entries)
        if spent > MAX_DURATION:
            break
    cursors.release(target)
    return accepted


def following(sequence: int, most: int) -> list[Entry]:
    """The sealed entries after `sequence`, in their order."""
    return list(Entry.objects.filter(sequence__gt=sequence).order_by("sequence")[:most])


def size(attempts: int) -> int:
    """Of a batch: smaller after each failure, for a receiver that takes no more at once or is slow."""
    return max(1, BATCH >> min(2 * attempts, 16))
