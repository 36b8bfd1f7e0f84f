"""Emails to users about their sessions."""

from datetime import datetime, timedelta

from portal.core.actors import Actor
from portal.notifications.models import Message
from portal.sessions.models import SignIn
from portal.users import security_emails
from portal.users.models import User
from portal.users.security_emails import Kind

NEW_DEVICE = Kind(
    "new_device",
    "notify_new_device",
    "New sign-in to {portal}",
    "A new device signed in to your account {username}.",
    "If this was not you, end that session, change your password at once and tell your administrator.",
    "sessions:own",
    "Review your sessions",
    about_password=True,
)
SESSION_ENDED = Kind(
    "session_ended",
    "notify_session_ended",
    "You were signed out of {portal} by an administrator",
    "An administrator has ended sessions of your account {username}. Their temporary API tokens no longer work.",
    "If you don't know why, ask your administrator.",
    "sessions:own",
    "Review your sessions",
)
# Somebody who knows the password must not fill the mailbox; that many say enough.
MOST_NEW_DEVICES, WINDOW = 5, timedelta(hours=1)


def connect() -> None:
    """Called once, when the app is ready."""
    security_emails.register(NEW_DEVICE)
    security_emails.register(SESSION_ENDED)


def new_device(sign_in: SignIn, actor: Actor, now: datetime) -> None:
    """Announces a sign-in from a device that the account was not used on before, in the caller's transaction."""
    sent = Message.objects.filter(created_at__gt=now - WINDOW, kind=NEW_DEVICE.name, recipient=sign_in.user.email)
    if sent.count() < MOST_NEW_DEVICES:
        method = [("Signed in with", sign_in.method)] if sign_in.method else []
        security_emails.queue(NEW_DEVICE, sign_in.user, actor, now, *method)


def sessions_ended(user: User, devices: list[str], actor: Actor | None, now: datetime) -> None:
    """Announces that somebody else than the user has ended sessions, in the caller's transaction. `devices`: of each session."""
    if devices and (actor is None or actor.user != user):
        security_emails.queue(SESSION_ENDED, user, actor, now, ("Devices", ", ".join(dict.fromkeys(devices))))
