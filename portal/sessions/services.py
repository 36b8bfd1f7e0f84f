"""The services that end sessions. The very next request in an ended session is not signed in, in whatever process, and neither is a
program that uses its temporary token.

Rows are always locked in this order: users, sign-ins, Django's sessions, tokens.
"""

from datetime import datetime

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.sessions import emails
from portal.sessions.models import SignIn, SignInQuerySet
from portal.sessions.signals import session_ended
from portal.users import user_agents
from portal.users.models import User


def end(sign_in: SignIn, actor: Actor | None, now: datetime) -> None:
    """Ends one session. Raises ServiceError for one that has ended already, PermissionDenied for an actor who is neither its user nor an
    administrator (any more)."""
    with transaction.atomic():
        owner = locked_owner(sign_in.user_id, actor)
        if not close(SignIn.objects.filter(pk=sign_in.pk, user=owner), owner, actor, now):
            raise ServiceError("This session has already ended.")


def end_all(user: User, actor: Actor | None, now: datetime, keep: str | None = None) -> int:
    """Ends all sessions of `user`, but for the one whose hashed key is `keep`. Returns how many. Raises PermissionDenied."""
    with transaction.atomic():
        owner = locked_owner(user.pk, actor)
        list_unlisted(owner, now)
        return close(SignIn.objects.filter(user=owner).exclude(session_key=keep), owner, actor, now)


def locked_owner(pk: int, actor: Actor | None) -> User:
    """The user's row, locked, once the actor is found to be allowed to end this user's sessions."""
    rows = access.lock(actor, *access.EVERYBODY, users=Q(pk=pk))
    access.require(actor is None or actor.user.pk == pk or rows[actor.user.pk].role == access.ADMINISTRATOR)
    return rows[pk]


def close(sign_ins: SignInQuerySet, owner: User, actor: Actor | None, now: datetime) -> int:
    """Ends those sessions that have not ended, and notifies the owner of what somebody else has ended. Returns how many."""
    devices = []
    for row in sign_ins.filter(ended_at=None).select_for_update().order_by("pk"):
        session = Session.objects.select_for_update().filter(session_key=row.session_key).first()
        SignIn.objects.filter(pk=row.pk).update(ended_at=now)
        if session is None:  # it ended otherwise
            continue
        session_ended.send(sender=SignIn, user=owner, data=session.get_decoded(), actor=actor, now=now)
        session.delete()
        audit.event(audit.Event.SESSION_ENDED, actor, owner, device=row.device, ended_session=row.session_key[:16])
        devices.append(row.device)
    emails.sessions_ended(owner, devices, actor, now)
    return len(devices)


def list_unlisted(user: User, now: datetime) -> None:
    """Makes rows for sessions from before the upgrade that were not used since. To be removed in the next release."""
    listed = SignIn.objects.filter(session_key=OuterRef("session_key"))
    rows = [
        SignIn(user=user, session_key=session.session_key, device=user_agents.UNKNOWN, last_seen_at=now)
        for session in Session.objects.filter(~Exists(listed), expire_date__gt=now)
        if session.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    SignIn.objects.bulk_create(rows, ignore_conflicts=True)
