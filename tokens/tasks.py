"""Thin shells: what a worker runs. Each takes plain values only, and losing or doubling one costs nothing."""

from celery import shared_task
from django.utils import timezone

from portal.core import search_keys
from portal.core.tasks import queue_task
from portal.faults import audit_watch
from portal.users import sign_in_watch
from portal.users.models import User
from tokens import bulk, cleanup, counts, former_emails, services
from tokens.expiry import health
from tokens.expiry.scan import scan
from tokens.models import ScanRun, Token


@shared_task
def scan_tokens(triggered_by: str = ScanRun.Trigger.SCHEDULE, person_id: int | None = None) -> None:
    """Scans for tokens that expire soon: raises and clears faults, queues notifications. And counts tokens for Home if there are many."""
    now = timezone.now()
    if run := scan(now, triggered_by, User.objects.filter(pk=person_id).first()):
        counts.keep(run, now, services.expiring_before(now))


SLICE_SECONDS = 20  # a worker that has a long revocation still scans and sends in between


@shared_task
def revoke_in_bulk() -> None:
    """Works on the revocations of all tokens that match a filter. Queued when one is confirmed; runs each minute, too."""
    if bulk.resume(timezone.now(), SLICE_SECONDS):
        queue_task(revoke_in_bulk)


@shared_task
def watch_scan() -> None:
    """Raises a fault when no scan has finished for too long. Pages do so too, should no worker be running. And clears the faults of
    failed sign-ins when those have ended. Runs each minute."""
    health.check(timezone.now())
    sign_in_watch.clear_quiet(timezone.now())
    audit_watch.check(timezone.now())


@shared_task
def clean_up() -> None:
    """Deletes what is kept no longer, and verifies the audit trail. Runs nightly."""
    cleanup.clean_up(timezone.now())
    audit_watch.verify(timezone.now())


@shared_task
def fill_search_keys() -> None:
    """Writes the keys of rows that processes of a release without them add during an upgrade. To be removed in the next release."""
    search_keys.fill(Token.objects.permanent())
    search_keys.fill(User.objects.all())


@shared_task
def adopt_former_emails() -> None:
    """Sends what processes of the former release queue during an upgrade. Runs each minute; to be removed in the next release."""
    former_emails.adopt(timezone.now())
