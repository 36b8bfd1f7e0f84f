"""Signed heads of the chain: one for each day in UTC. A day's head is signed again with each sealing, until the day is over.

The signature is an HMAC under a key derived from SECRET_KEY, so that nobody can make one from the database alone. Each closed head is also
a line in the log, where the database's owner cannot change it.
"""

from copy import copy
from datetime import UTC, date, datetime

import structlog
from django.db import IntegrityError, transaction
from django.utils.crypto import constant_time_compare

from portal.audit.chain import START
from portal.audit.models import Entry, Head
from portal.core.derived_secrets import derive, secret_keys

log = structlog.get_logger(__name__)
SALT, KEY_SALT = "portal.audit.head", "portal.audit.head.key"
FIRST_DAY = date(1970, 1, 1)  # of the head before all entries


def key_id(key: str | None = None) -> str:
    """A short name of a secret key (default: SECRET_KEY), which says nothing about the key."""
    return derive(KEY_SALT, "", key).hex()[:16]


def text_of(head: Head) -> str:
    """What is signed. A closed head is signed as such, so that an earlier one does not pass for the end of the chain."""
    state = "open" if head.closed_at is None else "start" if head.is_start else "closed"
    return f"{head.number} {head.day.isoformat()} {head.sequence} {bytes(head.hash).hex()} {state}"


def sign(head: Head) -> None:
    """With the present key. Does not save."""
    head.key_id, head.signature = key_id(), derive(SALT, text_of(head))


def is_signed(head: Head) -> bool | None:
    """Is the signature right? None: its key is neither SECRET_KEY nor one of SECRET_KEY_FALLBACKS."""
    for key in secret_keys():
        if key_id(key) == head.key_id:
            return constant_time_compare(derive(SALT, text_of(head), key), bytes(head.signature))
    return None


def lock_open(now: datetime) -> Head | None:
    """The head that is not closed, locked until the transaction ends: its holder seals. None if another process holds it, or if the
    heads were deleted: then nothing is sealed, and `manage.py audit verify` says so."""
    if not Head.objects.exists():
        if Entry.objects.exclude(sequence=None).exists():
            log.error("audit trail not sealed: it has sealed entries, but no heads")
            return None
        begin()
    return Head.objects.select_for_update(skip_locked=True).filter(closed_at=None).first()


def begin() -> None:
    """The head before all entries. Two processes may try at once."""
    head = Head(number=0, day=FIRST_DAY, sequence=0, hash=START, is_start=True)
    sign(head)
    try:
        with transaction.atomic():
            head.save()
    except IntegrityError:
        log.info("audit trail begun by another process")


def move(head: Head, sequence: int, new_hash: bytes) -> None:
    """The chain ends at `sequence` now. `head` is locked."""
    head.sequence, head.hash = sequence, new_hash
    sign(head)
    head.save(update_fields=["sequence", "hash", "key_id", "signature"])


def next_day(head: Head, day: date, now: datetime) -> Head:
    """Closes `head`, which is locked, and returns that of `day`, which is locked too: nobody else sees it before this transaction ends."""
    head.closed_at = now
    sign(head)
    head.save(update_fields=["closed_at", "key_id", "signature"])
    if head.sequence:
        report(head)
    following = Head(number=head.number + 1, day=day, sequence=head.sequence, hash=head.hash, adopted_id=head.adopted_id)
    sign(following)
    following.save()
    return following


def report(head: Head) -> None:
    """The line in the log once the transaction is committed. `manage.py audit verify --head` takes it."""
    values = {"day": head.day.isoformat(), "sequence": head.sequence, "hash": bytes(head.hash).hex(), "key_id": head.key_id}
    transaction.on_commit(lambda: log.info("audit head", **values, signature=bytes(head.signature).hex()))


def report_unsigned(head: Head | None) -> None:
    """The line in the log about an open head whose signature is not right: nothing is sealed until `manage.py audit sign`."""
    if head:
        log.error("audit trail not sealed: its last head has a wrong signature, or an unknown key", day=str(head.day), key_id=head.key_id)


def sign_all() -> list[Head]:
    """Signs with the present key whatever is not signed: heads whose key is gone, or that were changed. Returns them as they were."""
    found = [head for head in Head.objects.select_for_update().order_by("number") if not is_signed(head)]
    for head in found:
        renew_one(copy(head))
    return found


def renew() -> int:
    """Signs closed heads again whose signature is right under one of SECRET_KEY_FALLBACKS, which can then go. Returns how many."""
    former = list(Head.objects.exclude(key_id=key_id()).exclude(closed_at=None))
    return sum(renew_one(head) for head in former if is_signed(head))


def renew_one(head: Head) -> int:
    """A conditional UPDATE: pruning.py may make the head the start of the chain meanwhile."""
    stored = Head.objects.filter(pk=head.pk, signature=head.signature)
    sign(head)
    return stored.update(key_id=head.key_id, signature=head.signature)


def today(now: datetime) -> date:
    return now.astimezone(UTC).date()
