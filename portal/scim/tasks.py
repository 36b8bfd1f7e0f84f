from celery import shared_task
from django.utils import timezone

from portal.scim import watch


@shared_task
def check_directory_tokens() -> None:
    """Raises and clears the faults about tokens of directories. Runs every ten minutes."""
    watch.check(timezone.now())
