"""The scan: which tokens are due, faults raised and cleared, notices queued.

A scan of up to MOST changes is one transaction. A larger one is cut into ranges, a transaction each, which several workers may
do at once, and which are gone on with where a killed worker stopped; its mails are handed over when the last range is done.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from portal.faults import services as faults
from portal.faults.models import Fault
from portal.users.models import User
from tokens.expiry import changes, lease, notices
from tokens.expiry import faults as raising
from tokens.expiry import health as watch
from tokens.expiry.database import learn
from tokens.expiry.find import Found, find
from tokens.expiry.policy import Rules
from tokens.expiry.queries import SOURCE, Look, Since
from tokens.models import ScanRange, ScanRun, Token

log = structlog.get_logger(__name__)
MOST = 50_000  # changes in one transaction
MANY = 1_000  # changes after which the database should know that there are so many, and a look at everything is quicker
SHOWN = 10  # addresses in a preview
PREVIEW_SECONDS = 5

# Asks other workers to help with a run, so many of them at most.
Spread = Callable[[ScanRun, int], None]


def scan(now: datetime, asked_by: str, person: User | None = None, spread: Spread | None = None) -> ScanRun | None:
    """Looks at the tokens as of `now`, and returns the row that says what was done. A failure is kept in its row, then raised.

    None: another scan is at work, and will look once more. The row is unfinished if other workers are still at ranges of it.
    """
    run = lease.begin(now, asked_by, person)
    if run is None:
        return None
    try:
        if run.ranges.exists() or not look_at_once(run, now):
            if spread:
                spread(run, run.ranges.filter(done_at=None).count())
            work_off(run, now)
    except Exception as error:
        lease.give_up(run, error)
        raise
    return conclude(run, spread)


def help_with(run_id: int, now: datetime, spread: Spread | None = None) -> ScanRun | None:
    """Takes part in a run that is cut into ranges, until none is left. None: there is no such run."""
    run = ScanRun.objects.filter(pk=run_id, finished_at=None).first()
    if run is None:
        return None
    try:
        work_off(run, now)
    except Exception as error:
        lease.give_up(run, error)
        raise
    return conclude(run, spread)


def conclude(run: ScanRun, spread: Spread | None) -> ScanRun:
    """The run as it now is; or the one after it, if somebody asked for a scan in the meantime: as of this moment, whatever the
    `now` of the first was."""
    run.refresh_from_db()
    if run.finished_at and run.again_by:
        return scan(timezone.now(), run.again_by, spread=spread) or run
    return run


def look_at_once(run: ScanRun, now: datetime) -> bool:
    """All of it in one transaction; or False, when it is too much for that: then it is cut into ranges."""
    with lease.at_work():
        # From here on nobody can take the run away: it is written to, and locked by that.
        if not ScanRun.objects.filter(pk=run.pk, finished_at=None).update(lease_until=timezone.now() + lease.LEASE):
            raise lease.Lost
        rules = Rules.current()
        look, found = look_and_find(rules, now, changes.take(rules, now))
        ScanRun.objects.filter(pk=run.pk).update(due=found.due)
        if found.changes > MOST:
            cut(run, look, found)
            return False
        if found.changes:
            do(run, look)
        if not finish(run, look, found):
            raise lease.Lost
        changes.leave(run, look)
    return True


def look_and_find(rules: Rules, now: datetime, since: Since | None) -> tuple[Look, Found]:
    """At what changed; at everything, if that is not known, or if it is so much that it is quicker, or if it cannot be all."""
    if since:
        look = Look(rules, now, since=since)
        if look.moved(MANY) <= MANY:
            found = find(look)
            if found.adds_up and found.changes <= MOST:
                return look, found
    look = Look(rules, now)
    return look, find(look)


def cut(run: ScanRun, look: Look, found: Found) -> None:
    """Ranges of so many tokens that each makes about half of MOST changes."""
    size = max(1, found.due * MOST // 2 // found.changes)
    ends = [(None, None), *look.cuts(size), (None, None)]
    ScanRange.objects.bulk_create(
        ScanRange(run=run, number=number, after_at=after[0], after_id=after[1], upto_at=upto[0], upto_id=upto[1])
        for number, (after, upto) in enumerate(itertools.pairwise(ends))
    )
    if look.rules.tells:
        notices.open_messages(run, look)


def do(run: ScanRun, look: Look) -> None:
    """Raises the faults and writes the notices of one look."""
    raised = raising.raise_due(look)
    requeued = notices.write(run, look)
    ScanRun.objects.filter(pk=run.pk).update(raised=F("raised") + raised, queued=F("queued") + requeued)


def work_off(run: ScanRun, now: datetime) -> None:
    """Does the ranges that nobody else is at. Whoever does the last one finishes the run."""
    while part := lease.take_range(run):
        with lease.at_work():
            # Once its lease has run out another worker may have done it: then this is taken back.
            do(run, Look(Rules.current(), now, part))
            if not ScanRange.objects.filter(pk=part.pk, done_at=None).update(done_at=timezone.now()):
                transaction.set_rollback(True)
    with lease.at_work():
        if not run.ranges.filter(done_at=None).exists():
            finish(run, Look(Rules.current(), now))


def finish(run: ScanRun, look: Look, found: Found | None = None) -> bool:
    """What is left once every range is done, by one worker alone: faults to clear, the mails, the end. False: it was done before.

    `found`: what `look` found in this transaction, if it was asked. Most scans find nothing, and write no more than that."""
    mine = ScanRun.objects.filter(pk=run.pk, finished_at=None)
    if not mine.update(finished_at=timezone.now(), error=""):
        return False
    if found is None or not found.nothing:
        if found is None or found.changes > MANY:
            learn()
        cleared = raising.clear_due(look) if found is None or found.to_clear else 0
        raising.follow_ended(look)
        raising.note_unreachable(look)
        notices.forget_unlisted(look)
        queued = notices.release(look.now)
        ScanRun.objects.filter(pk=run.pk).update(cleared=cleared, queued=F("queued") + queued)
    watch.all_well(look.now)
    run.refresh_from_db()
    log.info("scan finished", due=run.due, raised=run.raised, cleared=run.cleared, queued=run.queued)
    return True


def forget(tokens: Iterable[Token], now: datetime) -> None:
    """Clears the faults of tokens that have just been revoked; the scan would do so too, some minutes later."""
    keys = [token.pk.hex for token in tokens]
    faults.clear_faults(Fault.objects.filter(source__in=[SOURCE, raising.IN_USE], key__in=keys), now)


@dataclass(frozen=True)
class Preview:
    """What a scan would do. `addresses`: those that would get a mail, the first SHOWN of them."""

    raised: int
    cleared: int
    mails: int
    addresses: list[str]


def preview(key: str, text: str | None, now: datetime) -> Preview:
    """What a scan would do if Config's `key` had this value (None: its default). Looks as the scan does, and writes nothing.
    Raises ServiceError."""
    look = Look(Rules.with_value(key, text), now)
    with transaction.atomic():
        if connection.vendor == "postgresql":  # somebody is typing: each digit asks anew
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{PREVIEW_SECONDS}s'")
        found = find(look)
        mails, addresses = look.recipients(SHOWN)
    return Preview(found.to_raise, found.to_clear, mails, addresses)
