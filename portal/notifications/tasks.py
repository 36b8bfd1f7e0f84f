"""The Celery tasks that send queued messages."""

from celery import shared_task
from django.utils import timezone

from portal.notifications import delivery, sending


@shared_task
def deliver_mail() -> None:
    """Sends the mail that is due. Runs each minute, and at once after something was queued."""
    delivery.deliver(timezone.now())


@shared_task
def deliver_messages() -> None:
    """Sends the messages that are due. Runs each minute, and at once after something was queued."""
    sending.deliver(timezone.now())
