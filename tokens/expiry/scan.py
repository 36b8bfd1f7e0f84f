"""The expiry scan: raises and clears faults, and queues notifications, for tokens that are about to expire.

It reads all due tokens in one go, and where there is something to do works through them in batches, each a transaction of its own.
Every statement changes only what is not yet as it should be. So a scan that is killed leaves nothing to repair: the next one does
the rest.
"""

from datetime import datetime

import structlog
from django.db.models import F, QuerySet
from django.utils import timezone

from portal.users.models import User
from tokens.expiry import faults, health, lease, notices, queries
from tokens.expiry.policy import Policy
from tokens.models import ScanRun, Token

log = structlog.get_logger(__name__)
BATCH = 5_000  # due tokens in one transaction


def scan(now: datetime, triggered_by: str, person: User | None = None) -> ScanRun | None:
    """Scans as of `now`, and returns the row that says what was done. An error is recorded in that row, then raised.

    None: another scan is running, and will be followed by a further one."""
    run = lease.acquire(now, triggered_by, person)
    if run is None:
        return None
    try:
        carry_out(run, now)
    except Exception as error:
        lease.close(run, error=type(error).__name__)
        raise
    run.refresh_from_db()
    log.info("scan finished", due=run.due, raised=run.raised, cleared=run.cleared, queued=run.queued)
    if run.again_by:  # somebody triggered a scan meanwhile: theirs is as of the present, whatever `now` is
        return scan(timezone.now(), run.again_by) or run
    return run


def carry_out(run: ScanRun, now: datetime) -> None:
    policy = Policy.current()
    due = queries.due(policy, now)
    found = queries.compare(due, queries.SOURCE)
    if found.to_raise or queries.may_be_unnotified(due, found.tokens, policy):
        for batch in queries.batches(due, BATCH):
            scan_batch(run, batch, policy, now)
    finish(run, found, policy, now)


def scan_batch(run: ScanRun, tokens: QuerySet[Token], policy: Policy, now: datetime) -> None:
    """Raises the faults of due `tokens`, and writes the notices of them."""
    with lease.scan_transaction(run):
        raised = faults.raise_due(tokens, now)
        requeued = notices.write(run, tokens, policy, now)
        ScanRun.objects.filter(pk=run.pk).update(raised=F("raised") + raised, queued=F("queued") + requeued)


def finish(run: ScanRun, found: queries.Difference, policy: Policy, now: datetime) -> None:
    """Clears faults whose cause is gone, has the notifications sent, and closes the run."""
    with lease.scan_transaction(run):
        cleared = faults.clear_due(policy, now) if found.to_clear else 0
        faults.update_in_use(policy, now)
        faults.update_nobody(policy, now)
        faults.clear_unlisted(policy, now)
        queued = notices.release(now)
        health.clear_overdue_fault(now)
        lease.close(run, due=found.tokens, cleared=cleared, queued=F("queued") + queued)
