"""By which way something is done (a page, the API, a command, a task), and the id that its log lines and audit entries share.

It is kept in a context variable, so that services need not pass it on. Whatever starts something sets it: a middleware for each request,
Celery's signals for each task. What nobody has set it for is a command.
"""

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import structlog
from celery.signals import task_postrun, task_prerun
from django.db.models import TextChoices


class Channel(TextChoices):
    PAGE = "page", "Page"
    API = "api", "API"
    OAUTH = "oauth", "OAuth"
    DUPLO = "duplo", "DuploCloud client"
    SCIM = "scim", "SCIM"
    TASK = "task", "Background task"
    COMMAND = "command", "Command line"


# The channel of an address, by how it begins. Everything else is a page, but for what DuploMiddleware answers.
CHANNELS = {"/api/": Channel.API, "/scim/": Channel.SCIM, "/oauth/": Channel.OAUTH, "/cli/token": Channel.OAUTH}


tasks: dict[str, AbstractContextManager[None]] = {}  # that this process is running


@dataclass(frozen=True)
class Context:
    channel: str
    request_id: str


_current: ContextVar[Context] = ContextVar("request context")
_command = Context(Channel.COMMAND, uuid.uuid4().hex)


def current() -> Context:
    """The context of what is being done. In a command, one for the whole process."""
    return _current.get(_command)


@contextmanager
def use(channel: str, request_id: str = "") -> Iterator[None]:
    """Sets the context for the block, and adds `request_id` to its log lines. Without one, that of the present context is kept."""
    context = Context(channel, request_id or current().request_id)
    token = _current.set(context)
    try:
        with structlog.contextvars.bound_contextvars(request_id=context.request_id):
            yield
    finally:
        _current.reset(token)


def channel_of(path: str) -> str:
    return next((channel for start, channel in CHANNELS.items() if path.startswith(start)), Channel.PAGE)


def begin_task(task_id: str, **kwargs: Any) -> None:
    tasks[task_id] = context = use(Channel.TASK, task_id)
    context.__enter__()


def end_task(task_id: str, **kwargs: Any) -> None:
    if context := tasks.pop(task_id, None):
        context.__exit__(None, None, None)


def connect() -> None:
    """Called once, when the app is ready."""
    task_prerun.connect(begin_task, weak=False)
    task_postrun.connect(end_task, weak=False)
