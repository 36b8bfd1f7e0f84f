"""The Celery task that sends queued messages."""

from celery import shared_task
from django.utils import timezone

from portal.notifications import delivery


@shared_task
def deliver_messages() -> None:
    """Sends the messages that are due. Runs each minute, and at once after something was queued."""
    delivery.deliver(timezone.now())
