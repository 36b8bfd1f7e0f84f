"""Receivers of signals: Django's for signing in and out, and those of apps below, which must not import this one."""

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest
from django.utils import timezone

import settings_app.services as config
from portal.core.actors import Actor
from portal.core.tasks import queue_task
from portal.sessions.signals import session_ended
from portal.users.models import User
from portal.users.signals import access_ended, password_replaced
from tokens import services, sessions, tasks
from tokens.calendar import links as calendar
from tokens.expiry.policy import KEYS as POLICY_KEYS
from tokens.models import ScanRun


def signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    sessions.begin(request.session, user, timezone.now())


def signed_out(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    sessions.end(request.session, timezone.now())


def end_token(sender: Any, data: dict[str, Any], actor: Actor | None, now: Any, **kwargs: Any) -> None:
    sessions.end(data, now, actor.user if actor else None)


def new_password(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    sessions.password_changed(request.session, user, timezone.now())


def reset_password(sender: Any, user: User, **kwargs: Any) -> None:
    """A user who reset the password by email is signed in nowhere from then on: not even in the browser that did it."""
    sessions.end_every(user, timezone.now())


def end_tokens(sender: Any, user: User, actor: Actor | None, now: Any, **kwargs: Any) -> None:
    services.end_all(user, actor, now)
    calendar.end(user, actor)


def end_calendar(sender: Any, user: User, actor: Actor | None, **kwargs: Any) -> None:
    calendar.end(user, actor)


def scan_again(sender: Any, key: str, **kwargs: Any) -> None:
    if key in POLICY_KEYS:
        queue_task(tasks.scan_tokens, triggered_by=ScanRun.Trigger.CONFIG)


def connect() -> None:
    """Called once, when the app is ready."""
    user_logged_in.connect(signed_in)
    user_logged_out.connect(signed_out)
    session_ended.connect(end_token)
    password_changed.connect(new_password)
    password_set.connect(new_password)
    password_reset.connect(reset_password)
    access_ended.connect(end_tokens)
    password_replaced.connect(end_calendar)
    config.changed.connect(scan_again)
