"""Who is told of what: notices, and the digests that carry them."""

from django.db import connection

from portal.core.tasks import look_now
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.notifications import emails as mail
from portal.notifications.tasks import deliver_mail
from tokens.expiry.database import instant
from tokens.expiry.queries import Look
from tokens.models import Digest, ScanRun

BATCH = 1000
WRITER = "expiry-digest"  # tokens/expiry/digest.py
UNDELIVERED = "notice-delivery"

# A notice whose mail was given up is taken over by the new digest. It must be one that has no mail yet: what came later would be lost.
NOTICES = """INSERT INTO tokens_notice (token_id, threshold, address, digest_id, created_at)
    SELECT untold.id, untold.threshold, untold.address, d.id, %(created)s FROM ({untold}) AS untold
    JOIN tokens_digest d ON d.run_id = %(run)s AND d.address = untold.address AND d.state = 'queued' AND d.email_id IS NULL
    WHERE 1 = 1 ORDER BY untold.id, untold.address
    ON CONFLICT (token_id, threshold, address) DO UPDATE SET digest_id = excluded.digest_id, created_at = excluded.created_at
    WHERE EXISTS (SELECT 1 FROM tokens_digest g WHERE g.id = tokens_notice.digest_id AND g.state = 'failed')"""
DIGESTS = """INSERT INTO tokens_digest (run_id, address, created_at, state, message_id, attempts, last_error)
    SELECT DISTINCT %(run)s, untold.address, %(created)s, 'queued', '', 0, '' FROM ({untold}) AS untold WHERE 1 = 1
    ORDER BY untold.address ON CONFLICT DO NOTHING"""


def write(run: ScanRun, look: Look) -> int:
    """A notice for each due token and address that was not told of it at its threshold or a tighter one. Returns how many."""
    if not look.rules.tells:
        return 0
    open_digests(run, look)
    return carry_out(NOTICES, run, look)


def open_digests(run: ScanRun, look: Look) -> None:
    """A digest for each address that `look` has something to tell. Before a run's ranges begin this is done for all of them, so
    that workers who are at two ranges need not wait for each other's."""
    if look.rules.tells:
        carry_out(DIGESTS, run, look)


def carry_out(statement: str, run: ScanRun, look: Look) -> int:
    untold = look.untold(f"({look.brief()}) AS due")
    with connection.cursor() as cursor:
        cursor.execute(statement.format(untold=untold), look.values | {"run": run.pk, "created": instant(look.now)})
        return cursor.rowcount


def hand_over() -> int:
    """Queues a mail for each digest of a run that is finished. Its text is written when it is sent. Returns how many."""
    waiting = Digest.objects.filter(email=None, state=Digest.State.QUEUED, run__finished_at__isnull=False).order_by("pk")
    queued = 0
    while batch := list(waiting[:BATCH]):
        mails = mail.queue_unwritten(WRITER, "API tokens expire soon", [digest.address for digest in batch], mail.list_headers("expiry"))
        for digest, email in zip(batch, mails, strict=True):
            digest.email = email
        Digest.objects.bulk_update(batch, ["email"])
        queued += len(batch)
    if queued:
        look_now(deliver_mail)
    return queued


def forget_unlisted(look: Look) -> None:
    """Clears *Notice not delivered* for addresses that nothing is sent to any more."""
    unreached = Fault.objects.open().filter(source=UNDELIVERED)
    stale = [fault.pk for fault in unreached if not look.rules.tells_address(fault.key)]
    if stale:
        faults.clear_faults(unreached.filter(pk__in=stale), look.now)
