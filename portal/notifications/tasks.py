"""The Celery task that delivers queued emails."""

from celery import shared_task
from django.utils import timezone

from portal.notifications import delivery


@shared_task
def deliver_mail() -> None:
    """Sends the mail that is due. Runs each minute, and at once after something was queued."""
    delivery.deliver(timezone.now())
