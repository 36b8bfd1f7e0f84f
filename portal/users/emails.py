"""Emails to users about their accounts. Queued is only what an email is about; the text, with the one-time link in it, is rendered when it
is sent, so no row ever holds a link."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

import settings_app.services as config
from portal.audit import services as audit
from portal.core.actors import Actor
from portal.notifications import services
from portal.notifications.models import Message
from portal.notifications.renderers import Content, absolute_url, from_templates, register
from portal.users import links, local_passwords, user_agents
from portal.users.models import User

INVITATION, PASSWORD_RESET, PASSWORD_CHANGED = "invitation", "password_reset", "password_changed"


def connect() -> None:
    """Called once, when the app is ready."""
    register(INVITATION, render_invitation)
    register(PASSWORD_RESET, render_password_reset)
    register(PASSWORD_CHANGED, render_password_changed)


def queue_invitation(user: User) -> None:
    """Invites a new person to set the first password."""
    services.queue(INVITATION, [user.email], now=timezone.now(), about={"user": user.pk})


def queue_password_reset(to: str, client: Actor) -> None:
    """Queues a link for the owner of the email address `to`. Does the same work if there is none: that is looked up at sending.
    `client`: where the request came from, for the audit trail."""
    source = {"address": client.address, "user_agent": client.trace().get("user_agent", "")}
    services.queue(PASSWORD_RESET, [to], now=timezone.now(), about=source)


def queue_password_changed(user: User, now: datetime, address: str | None, first: bool, user_agent: str = "") -> None:
    """Says that the user's password was changed, or set for the first time, at `now` by a client at the IP address `address`, unless
    Config turns that off."""
    if not user.email or not config.get("notify_password_changed"):
        return
    device = user_agents.device(user_agent) if user_agent else ""
    about = {"user": user.pk, "at": now.isoformat(), "address": address, "first": first, "device": device}
    services.queue(PASSWORD_CHANGED, [user.email], now=now, about=about)


def render_invitation(message: Message, now: datetime) -> Content | None:
    user = User.objects.filter(pk=message.about["user"]).first()
    if user is None or user.status != User.Status.INVITED:
        return None
    subject = f"You've been invited to {settings.PORTAL_NAME}"
    by_password = local_passwords.are_on()
    start = "Set your password" if by_password else "Sign in with your company account"
    values = {
        "name": user.name,
        "link": links.link(user) if by_password else absolute_url(reverse("account_login")),
        "label": start,
        "days": days() if by_password else None,
        "preheader": f"{start} to start using {settings.PORTAL_NAME}.",
        "reason": "an administrator created an account for this address",
    }
    return from_templates("invitation", subject, values)


def render_password_reset(message: Message, now: datetime) -> Content | None:
    """None for an address that is nobody's. The database compares letters in its own way, so what it finds is compared once more:
    the link goes to the address of the account and to no other that merely resembles it."""
    user = User.objects.existing().filter(email__iexact=message.recipient).first()
    if user is None or not user.may_sign_in or user.email.lower() != message.recipient.lower() or not local_passwords.allowed(user):
        return None
    if message.attempts == 1:  # recorded here, since the response to the request must not show whether anybody has the address
        client = Actor(None, None, message.about.get("address"), message.about.get("user_agent", ""))
        audit.event(audit.Event.RESET_REQUESTED, None, user, client)
    subject = f"Set a new password for {settings.PORTAL_NAME}"
    values = {
        "username": user.username,
        "link": links.link(user),
        "days": days(),
        "preheader": f"This link can be used once and expires in {days()} days.",
        "reason": "someone entered this address under “Forgot your password?”",
    }
    return from_templates("password_reset", subject, values)


def render_password_changed(message: Message, now: datetime) -> Content | None:
    about = message.about
    user = User.objects.existing().filter(pk=about["user"]).first()
    if user is None:
        return None
    at = timezone.localtime(parse_datetime(about["at"]))
    values = {
        "username": user.username,
        "at": f"{at:%Y-%m-%d %H:%M %Z}",
        "address": about["address"],
        "device": about.get("device", ""),  # messages of the former release have none
        "first": about["first"],
        "reset": absolute_url(reverse("account_reset_password")),
        "preheader": "If this was you, no action is needed.",
        "reason": "this is the email address of the account",
    }
    subject = f"Your {settings.PORTAL_NAME} password was {'set' if about['first'] else 'changed'}"
    return from_templates("password_changed", subject, values)


def days() -> int:
    return settings.PASSWORD_RESET_TIMEOUT // 86400
