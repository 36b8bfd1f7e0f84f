"""Thin shells: what a worker runs. Each takes plain values only, and losing or doubling one costs nothing."""

import structlog
from celery import group, shared_task
from django.utils import timezone

from portal.users import sign_in_watch
from portal.users.models import User
from tokens import cleanup, former_emails
from tokens.expiry import health as watch
from tokens.expiry import scan as expiry
from tokens.models import ScanRun

log = structlog.get_logger(__name__)
HELPERS = 16


@shared_task
def scan_tokens(asked_by: str = ScanRun.Asker.SCHEDULE, person_id: int | None = None) -> None:
    """Looks at all tokens, raises and clears faults, queues mail."""
    expiry.scan(timezone.now(), asked_by, User.objects.filter(pk=person_id).first(), spread)


@shared_task
def help_with(run_id: int) -> None:
    """Takes part in a scan that is too large for one transaction."""
    expiry.help_with(run_id, timezone.now(), spread)


def spread(run: ScanRun, ranges: int) -> None:
    """Has other workers help with a large scan. A broker that is down is logged and no more: this worker does it all then."""
    try:
        group(help_with.s(run.pk) for _ in range(min(ranges - 1, HELPERS))).apply_async(retry=False)
    except Exception as error:  # each broker raises its own
        log.warning("no help with the scan", error=type(error).__name__)


@shared_task
def watch_scan() -> None:
    """Raises the alarm when no scan has finished for too long. Pages do so too, should no worker be alive. And clears the faults
    of failed sign-ins when those have ended. Runs each minute."""
    watch.notice(timezone.now())
    sign_in_watch.clear_quiet(timezone.now())


@shared_task
def clean_up() -> None:
    """Deletes what nobody looks at any more. Runs nightly."""
    cleanup.clean_up(timezone.now())


@shared_task
def adopt_former_emails() -> None:
    """Sends what processes of the former release queue during an upgrade. Runs each minute; to be removed in the next release."""
    former_emails.adopt(timezone.now())
