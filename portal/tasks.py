"""The Celery task that sends mail, and how a web request asks a worker to look now."""

from typing import Any

from celery import Task, shared_task
from django.db import transaction
from django.utils import timezone

from portal import delivery


def look_now(task: Task, **arguments: Any) -> None:
    """Queues `task` once the transaction is committed. Like Celery's `delay_on_commit`, but a broker that is down is logged
    and no more: the work is a row by then, and the next beat finds it."""

    def ask() -> None:  # a function with a name: Django's log of a failed hook has no words for a functools.partial
        task.apply_async(kwargs=arguments, retry=False)

    transaction.on_commit(ask, robust=True)


@shared_task
def deliver_mail() -> None:
    """Sends the mail that is due. Runs each minute, and at once after something was queued."""
    delivery.deliver(timezone.now())
