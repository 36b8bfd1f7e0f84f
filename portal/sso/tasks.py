from celery import shared_task
from django.utils import timezone

from portal.sso import emergency


@shared_task
def watch_sign_in() -> None:
    """Raises and clears the faults about the emergency administrator. Runs every minute."""
    emergency.watch(timezone.now())
