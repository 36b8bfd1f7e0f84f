"""How a web request has a worker start a task at once."""

import time
from typing import Any

import structlog
from celery import Task
from django.db import transaction

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 10
silent_until = 0.0


def queue_task(task: Task, **arguments: Any) -> None:
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
