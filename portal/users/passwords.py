"""The services that set passwords."""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.users import emails, links, local_passwords
from portal.users.models import User, new_stamp
from portal.users.signals import password_replaced


def set_password(user: User, password: str, actor: Actor | None, now: datetime) -> None:
    """Sets a person's password, and notifies them by email. Ends what the former password may have given away: their sessions, temporary
    tokens, one-time links and calendar link. `actor`: the user, by a session or by a one-time link, or None for the command line.

    Raises ServiceError for a user who cannot sign in or has changed since `user` was read, PermissionDenied for an actor who has.
    """
    access.require(actor is None or (actor.user == user and local_passwords.allowed(user)))
    encoded, first = make_password(password), not user.has_usable_password()
    with transaction.atomic():
        row = access.lock(actor, *access.EVERYBODY, users=Q(pk=user.pk)).get(user.pk)
        if row is None or not row.may_sign_in or (row.password, row.session_stamp) != (user.password, user.session_stamp):
            raise ServiceError("The password was not set: the account has changed in the meantime.")
        user.password, user.session_stamp = encoded, new_stamp()
        User.objects.filter(pk=user.pk).update(password=user.password, session_stamp=user.session_stamp)
        password_replaced.send(sender=User, user=user, actor=actor, now=now)
        audit.event(password_event(actor, first and row.last_login is None), actor, user)
        emails.queue_password_changed(user, now, actor.address if actor else None, first, actor.user_agent if actor else "")


def password_event(actor: Actor | None, first: bool) -> audit.Event:
    """How a password was set: by the one-time link of an invitation or of a reset (an actor without a session), or otherwise."""
    if actor is None or actor.credential:
        return audit.Event.PASSWORD_CHANGED
    return audit.Event.INVITATION_ACCEPTED if first else audit.Event.PASSWORD_RESET


def new_link(user: User) -> str:
    """A link from the command line by which a person sets a password once, within PASSWORD_RESET_TIMEOUT. It is in no row; that it was
    made is in the audit trail."""
    audit.event(audit.Event.PASSWORD_LINK, None, user)
    return links.link(user)


def check_password(password: str, user: User) -> None:
    """Raises ServiceError for a password that breaks a rule of AUTH_PASSWORD_VALIDATORS."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ServiceError(" ".join(error.messages), "password") from None
