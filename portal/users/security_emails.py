"""Emails to users about what happened to their accounts, so that they notice what they did not do themselves.

Each kind can be turned off in Config. An email is queued in the transaction of what it is about, with device and address of who did it if
that was the user, and with the name of who did it otherwise. None holds a secret. Kinds of upper apps are registered by these.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

import settings_app.services as config
from portal.core.actors import Actor
from portal.notifications import renderers, services
from portal.notifications.models import Message
from portal.notifications.renderers import Content, absolute_url, from_templates
from portal.users import user_agents
from portal.users.models import User
from portal.users.signals import company_account_changed, email_changed, factor_changed


@dataclass(frozen=True)
class Kind:
    """`name`: of the messages; `flag`: the Config key that turns it off; `subject`: with {portal}; `sentence`: what happened, with
    {username}; `advice`: what to do about it; `page`, `label`: the URL's name and the label of the email's button; `about_password`: that
    is to set a new password, which not everybody has."""

    name: str
    flag: str
    subject: str
    sentence: str
    advice: str
    page: str
    label: str
    about_password: bool = False


SECOND_FACTOR = Kind(
    "second_factor",
    "notify_second_factor",
    "Two-factor authentication changed in {portal}",
    "The two-factor authentication of your account {username} was changed.",
    "If this was not you, or you did not expect it, set a new password at once and tell your administrator.",
    "account_reset_password",
    "Set a new password",
    about_password=True,
)
EMAIL_CHANGED = Kind(
    "email_changed",
    "notify_email_changed",
    "Your {portal} email address was changed",
    "The email address of your account {username} was changed.",
    "If you did not expect this, tell your administrator.",
    "profile",
    "Open your Profile",
)
SIGN_IN_METHOD = Kind(
    "sign_in_method",
    "notify_sign_in_method",
    "A company account was changed in {portal}",
    "The company accounts that can sign in to your account {username} were changed.",
    "If this was not you, or you did not expect it, tell your administrator at once.",
    "profile",
    "Open your Profile",
)
WITHOUT_PASSWORD = "If this was not you, or you did not expect it, tell your administrator at once."
CHANGES = {
    "added": "Added: {}",
    "removed": "Removed: {}",
    "reset": "Reset: nothing but the password is asked for until it is set up again",
    "recovery_codes": "New recovery codes",
    "used": "A recovery code was used, {}",
}


def register(kind: Kind) -> None:
    """Lets messages of `kind` be sent. Called once, when the app that has the kind is ready."""
    renderers.register(kind.name, partial(render, kind))


def queue(
    kind: Kind, user: User, actor: Actor | None, now: datetime, *facts: tuple[str, str], to: Iterable[str] | None = None
) -> list[Message]:
    """Queues an email about `user` at `now`, unless Config turns its kind off. `actor`: who did it, None for the portal itself or its
    command line; `facts`: label and value of what else is to be said, no secret; `to`: other addresses than the user's."""
    recipients = list(dict.fromkeys(filter(None, [user.email] if to is None else to)))
    if not recipients or not config.get(kind.flag):
        return []
    about = {"user": user.pk, "at": now.isoformat(), "facts": [*facts, *traces(user, actor)]}
    return services.queue(kind.name, recipients, now=now, about=about)


def traces(user: User, actor: Actor | None) -> list[tuple[str, str]]:
    """Of the user, device and address; of anybody else the name, since where an administrator works is none of the user's business."""
    if actor is None or actor.user != user:
        return [("By", actor.user.username if actor else settings.PORTAL_NAME)]
    address = [("IP address", actor.address)] if actor.address else []
    return [("Device", user_agents.device(actor.user_agent)), *address]


def render(kind: Kind, message: Message, now: datetime) -> Content | None:
    """None for a user who has been deleted meanwhile."""
    about: dict[str, Any] = message.about
    user = User.objects.existing().filter(pk=about["user"]).first()
    if user is None:
        return None
    without = kind.about_password and not user.has_usable_password()
    page, label = ("profile", "Open your Profile") if without and kind == SECOND_FACTOR else (kind.page, kind.label)
    values = {
        "sentence": kind.sentence.format(username=user.username),
        "facts": [*about["facts"], ("Time", in_words(about["at"]))],
        "advice": WITHOUT_PASSWORD if without else kind.advice,
        "link": absolute_url(reverse(page)),
        "label": label,
        "preheader": "If you expected this, no action is needed.",
        "reason": "this is the email address of the account, or was until a moment ago"
        if kind == EMAIL_CHANGED
        else "this is the email address of the account",
    }
    return from_templates("security", kind.subject.format(portal=settings.PORTAL_NAME), values)


def in_words(at: str) -> str:
    """`at`: ISO 8601, as stored."""
    moment = parse_datetime(at)
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M %Z}" if moment else at


def factor(sender: Any, user: User, actor: Actor | None, now: datetime, change: str, factor: str, **kwargs: Any) -> None:
    queue(SECOND_FACTOR, user, actor, now, ("Change", CHANGES.get(change, change).format(factor)))


def email(sender: Any, user: User, before: str, after: str, actor: Actor | None, now: datetime, **kwargs: Any) -> None:
    """To both addresses: the reader of the former one would otherwise not notice. Not about an account that was never used."""
    if user.last_login is None:
        return
    queue(EMAIL_CHANGED, user, actor, now, ("From", before or "none"), ("To", after or "none"), to=[before, after])


def company_account(sender: Any, user: User, actor: Actor | None, now: datetime, change: str, provider: str, **kwargs: Any) -> None:
    queue(SIGN_IN_METHOD, user, actor, now, ("Change", f"{change.capitalize()}: {provider}"))


def connect() -> None:
    """Called once, when the app is ready."""
    for kind in (SECOND_FACTOR, EMAIL_CHANGED, SIGN_IN_METHOD):
        register(kind)
    factor_changed.connect(factor)
    email_changed.connect(email)
    company_account_changed.connect(company_account)
