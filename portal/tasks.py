"""The Celery task that sends mail, and how a web request asks a worker to look now."""

import time
from typing import Any

import structlog
from celery import Task, shared_task
from django.db import transaction
from django.utils import timezone

from portal import delivery

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 10
silent_until = 0.0


def look_now(task: Task, **arguments: Any) -> None:
    """Queues `task` once the transaction is committed. Like Celery's `delay_on_commit`, but a broker that is down is logged
    and no more: the work is a row by then, and the next beat finds it."""

    transaction.on_commit(lambda: send(task, arguments))


def send(task: Task, arguments: dict[str, Any]) -> None:
    """A broker that does not answer is left alone for a while: each page that waited for it would hold up a thread."""
    global silent_until
    if time.monotonic() < silent_until:
        return
    try:
        task.apply_async(kwargs=arguments, retry=False)
    except Exception as error:  # each broker raises its own
        silent_until = time.monotonic() + PAUSE_SECONDS
        log.warning("task not queued", task=task.name, error=type(error).__name__)


@shared_task
def deliver_mail() -> None:
    """Sends the mail that is due. Runs each minute, and at once after something was queued."""
    delivery.deliver(timezone.now())
