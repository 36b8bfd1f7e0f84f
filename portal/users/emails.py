"""Emails to users about their accounts. A queued one names its kind and what it is about; the text, with the one-time link in it, is
made when it is sent (`portal.notifications.delivery.writers`), so no row ever holds a link."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from post_office.models import Email

from portal.audit import services as audit
from portal.core.actors import Actor
from portal.core.tasks import look_now
from portal.notifications import delivery
from portal.notifications import emails as mail
from portal.notifications.tasks import deliver_mail
from portal.users import links
from portal.users.models import User

INVITATION, PASSWORD_RESET, PASSWORD_CHANGED = "invitation", "password_reset", "password_changed"


def connect() -> None:
    """Called once, when the app is ready."""
    delivery.writers[INVITATION] = write_invitation
    delivery.writers[PASSWORD_RESET] = write_password_reset
    delivery.writers[PASSWORD_CHANGED] = write_password_changed


def queue(kind: str, subject: str, to: str, **about: object) -> None:
    with transaction.atomic():
        mail.queue_unwritten(kind, subject, [to], **about)
        look_now(deliver_mail)


def queue_invitation(user: User) -> None:
    """Invites a new person to set the first password."""
    queue(INVITATION, f"Your account in {settings.PORTAL_NAME}", user.email, user=user.pk)


def queue_password_reset(to: str, client: Actor) -> None:
    """Queues a link for the owner of the email address `to`. Does the same work if there is none: that is looked up at sending.
    `client`: where the request came from, for the audit trail."""
    source = {"address": client.address, "user_agent": client.trace().get("user_agent", "")}
    queue(PASSWORD_RESET, f"Set a new password for {settings.PORTAL_NAME}", to, **source)


def queue_password_changed(user: User, now: datetime, address: str | None, first: bool) -> None:
    """Says that the user's password was changed, or set for the first time, at `now` by a client at the IP address `address`."""
    subject = f"Your password in {settings.PORTAL_NAME} was {'set' if first else 'changed'}"
    queue(PASSWORD_CHANGED, subject, user.email, user=user.pk, at=now.isoformat(), address=address, first=first)


def write_invitation(email: Email, now: datetime) -> delivery.Content | None:
    user = User.objects.filter(pk=email.context["user"]).first()
    if user is None or not user.may_sign_in or user.has_usable_password():
        return None
    return mail.write("invitation", email.subject, {"name": user.name, "link": links.link(user), "days": days()})


def write_password_reset(email: Email, now: datetime) -> delivery.Content | None:
    """None for an address that is nobody's. The database compares letters in its own way, so what it finds is compared once more:
    the link goes to the address of the account and to no other that merely resembles it."""
    if len(email.to) != 1:
        return None
    user = User.objects.existing().filter(email__iexact=email.to[0]).first()
    if user is None or not user.may_sign_in or user.email.lower() != email.to[0].lower():
        return None
    if not email.number_of_retries:  # recorded here, since the request must not show whether anybody has the address
        client = Actor(None, None, email.context.get("address"), email.context.get("user_agent", ""))
        audit.event(audit.Event.RESET_REQUESTED, None, user, client)
    return mail.write("password_reset", email.subject, {"username": user.username, "link": links.link(user), "days": days()})


def write_password_changed(email: Email, now: datetime) -> delivery.Content | None:
    about = email.context
    user = User.objects.existing().filter(pk=about["user"]).first()
    if user is None:
        return None
    at = timezone.localtime(parse_datetime(about["at"]))
    values = {"username": user.username, "at": f"{at:%Y-%m-%d %H:%M %Z}", "address": about["address"], "first": about["first"]}
    return mail.write("password_changed", email.subject, values | {"reset": mail.absolute(reverse("account_reset_password"))})


def days() -> int:
    return settings.PASSWORD_RESET_TIMEOUT // 86400
