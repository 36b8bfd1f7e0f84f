"""Thin shells: what a worker runs. Each takes plain values only, and losing or doubling one costs nothing."""

from celery import shared_task
from django.utils import timezone

from portal import tasks
from tokens import cleanup, expiry
from tokens.models import ScanRun


@shared_task
def scan_tokens(asked_by: str = ScanRun.Asker.SCHEDULE) -> None:
    """Looks at all tokens, then has the mails sent that this queued."""
    if expiry.scan(timezone.now(), asked_by).queued:
        tasks.deliver_mail.delay()


@shared_task
def clean_up() -> None:
    """Deletes what nobody looks at any more. Runs nightly."""
    cleanup.clean_up(timezone.now())
