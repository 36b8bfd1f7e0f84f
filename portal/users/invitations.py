"""Inviting a person again: by another email, or by a link that an administrator passes on.

Anyone who has a link can set the person's first password, once, within PASSWORD_RESET_TIMEOUT, and then signs in as that person. Hence only
the newest link works: each new one ends those before it. A link is in no row; that one was made is in the audit trail.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.users import emails, links, local_passwords, throttle
from portal.users.models import User, new_stamp


def resend(user: User, actor: Actor | None, now: datetime) -> None:
    """Queues another invitation by email. Raises ServiceError for a user who is not invited (any more), Throttled, PermissionDenied."""
    throttle.hit(throttle.INVITATIONS, str(user.pk), now)
    with transaction.atomic():
        row = renewed(user, actor)
        audit.event(audit.Event.INVITATION_RESENT, actor, row)
        emails.queue_invitation(row)


def new_link(user: User, actor: Actor | None, now: datetime) -> str:
    """A link to pass on by other ways than email. Errors: as for `resend`."""
    if not local_passwords.are_on():
        raise ServiceError("Passwords are turned off: people sign in with their company account.")
    throttle.hit(throttle.INVITATIONS, str(user.pk), now)
    with transaction.atomic():
        row = renewed(user, actor)
        audit.event(audit.Event.INVITATION_LINK, actor, row)
    return links.link(row)


def renewed(user: User, actor: Actor | None) -> User:
    """The locked row of an invited `user`, with a new stamp, which ends the links that were made before."""
    row = access.lock(actor, access.ADMINISTRATOR, users=Q(pk=user.pk)).get(user.pk)
    if row is None or row.deleted_at or row.status != User.Status.INVITED:
        raise ServiceError(f"{user.username} has already set a password, or can't sign in.")
    row.session_stamp = new_stamp()
    User.objects.filter(pk=row.pk).update(session_stamp=row.session_stamp)
    return row
