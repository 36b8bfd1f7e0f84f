"""Thin shells: what a worker runs. Each takes plain values only, and losing or doubling one costs nothing."""

from celery import shared_task
from django.utils import timezone

from portal.directory import owner_faults, roles


@shared_task
def check_owners() -> None:
    """Raises and clears the faults of service accounts without an owner. Runs every ten minutes, and when Config changes."""
    owner_faults.check(timezone.now())


@shared_task
def apply_roles() -> None:
    """Applies Roles by Group to all managed users. Queued when the key changes; runs every ten minutes, too."""
    roles.apply_all(timezone.now())
