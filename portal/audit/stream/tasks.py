"""What a worker runs for the receivers of the audit trail."""

from celery import shared_task
from django.utils import timezone

from portal.audit.stream import cursors, delivery, receivers


@shared_task
def push_entries(kind: str) -> None:
    """Sends sealed entries to the receiver of this kind ("syslog", "https"). Runs every ten seconds for each that is configured."""
    if receiver := receivers.configured().get(kind):
        delivery.deliver(receiver, timezone.now())


@shared_task
def forget_receivers() -> None:
    """Clears the faults of receivers that are not configured any more. Runs once an hour."""
    cursors.forget_others(timezone.now())
