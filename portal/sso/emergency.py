"""The emergency administrator: the one person who can sign in by password while local passwords are off."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

import settings_app.services as config
from portal.audit import services as audit
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.faults import services as faults
from portal.faults.models import Fault
from portal.notifications import services as notifications
from portal.notifications.models import Message
from portal.notifications.renderers import Content, absolute_url, from_templates
from portal.sso.providers import are_configured
from portal.users import local_passwords
from portal.users.models import User

SOURCE, MISSING, EMAIL = "emergency-sign-in", "emergency-administrator", "emergency_sign_in"
NEEDED = "Set Emergency administrator first: the username of an active administrator with a password."
NOT_ONE = "Enter the username of an active administrator who has a password."


def administrator(username: str) -> User | None:
    """The user of this name, if the portal could be administrated by that user's password."""
    user = User.objects.administrators().filter(username__iexact=username).first() if username else None
    return user if user and user.has_usable_password() else None


def check_passwords_off(on: bool) -> None:
    """Rule of *Allow local passwords*: turning it off must lock nobody out for good. Raises ServiceError."""
    if on:
        return
    if not are_configured():
        raise ServiceError("No sign-in provider is configured (SIGN_IN_PROVIDERS).", "value")
    config.current(local_passwords.EMERGENCY)  # locked: nobody else deletes it at the same moment
    if administrator(config.get(local_passwords.EMERGENCY)) is None:
        raise ServiceError(NEEDED, "value")


def check_administrator(username: str) -> None:
    """Rule of *Emergency administrator*. Raises ServiceError."""
    if username and administrator(username) is None:
        raise ServiceError(NOT_ONE, "value")
    if not username and not local_passwords.are_on():
        raise ServiceError("Allow local passwords is off: an emergency administrator is needed.", "value")


def report(user: User, actor: Actor, now: datetime) -> None:
    """`user` has signed in without the company while passwords are off: each use is a fault of its own, an email and an entry in the audit
    trail."""
    audit.event(audit.Event.EMERGENCY_SIGN_IN, actor, user)
    trail = reverse("audit:list", query={"user": user.pk})  # which operators may open, too
    fault = Fault(
        source=SOURCE,
        key=f"{user.pk} {now.isoformat()}",
        name="Emergency sign-in",
        resource=f"Account {user.username}",
        description="The emergency administrator signed in with a password, past the company's sign-in. If nobody knows why, change the "
        "password and look at the audit trail. This fault clears soon after it is acknowledged.",
        severity=Fault.Severity.CRITICAL,
        raised_at=now,
        links=[{"label": "Audit trail", "url": trail, "admin_url": reverse("admin:users_user_change", args=[user.pk])}],
    )
    faults.raise_faults([fault])
    about = {"user": user.pk, "at": now.isoformat(), "address": actor.address}
    notifications.queue(EMAIL, list(config.get("token_expiration_emails")), now=now, about=about)


def render(message: Message, now: datetime) -> Content | None:
    user = User.objects.filter(pk=message.about["user"]).first()
    at = parse_datetime(message.about["at"])
    if user is None or at is None:
        return None
    values = {
        "username": user.username,
        "at": f"{timezone.localtime(at):%Y-%m-%d %H:%M %Z}",
        "address": message.about["address"],
        "link": absolute_url(reverse("faults:list")),
        "preheader": "If nobody knows why, act now.",
        "reason": "this address is notified in System Settings",
    }
    return from_templates("emergency_sign_in", f"Emergency sign-in to {settings.PORTAL_NAME}", values)


def watch(now: datetime) -> None:
    """Clears what has been acknowledged, and raises a fault while passwords are off and nobody could sign in in an emergency."""
    faults.clear_faults(Fault.objects.acknowledged().filter(source=SOURCE), now)
    values = config.get_many(local_passwords.ALLOWED, local_passwords.EMERGENCY)
    mine = Fault.objects.filter(source=MISSING)
    if values[local_passwords.ALLOWED] or administrator(values[local_passwords.EMERGENCY]):
        faults.clear_faults(mine, now)
        return
    page = reverse("settings:all")
    fault = Fault(
        source=MISSING,
        key="",
        name="No emergency administrator",
        resource="Sign-in",
        description="Local passwords are off, and the emergency administrator in Config is no active administrator with a password. If the "
        "company's sign-in fails, nobody can sign in. Name another one.",
        severity=Fault.Severity.CRITICAL,
        raised_at=now,
        links=[{"label": "Settings", "url": page, "admin_url": page}],
    )
    faults.raise_faults([fault])
