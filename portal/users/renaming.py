"""Another username or email address for a user (a marriage, a typing error), without losing anything: tokens, sessions, memberships and
the audit trail hang on the row, not on the name.

One name means one user for ever, since other services know users by name: a former username stays reserved for its user.
"""

from datetime import datetime

from django.db import IntegrityError, transaction

import settings_app.services as config
from portal.audit import services as audit
from portal.core import permissions as access
from portal.core import versions
from portal.core.actors import Actor
from portal.core.domains import email_address
from portal.core.errors import Code, ServiceError
from portal.users import emails, provisioning, services
from portal.users.models import FormerName, User, new_stamp
from portal.users.signals import email_changed, renamed
from portal.users.uniqueness import check_free, check_free_email, reserved

EMAIL_MAX = 254


def version(user: User) -> str:
    """Of what `rename` changes."""
    return versions.version(username=user.username, email=user.email)


def rename(user: User, username: str | None, email: str | None, actor: Actor | None, now: datetime, read: versions.Versions = None) -> User:
    """Changes what is not None. An email address that is the username follows it, unless `email` is given. A person who has never signed in
    is invited again at the new address, and the links that the former one got stop working. `read`: versions of the user (`version`) that
    the actor knows; with another one UserChanged is raised. Returns the row as it is now.

    Raises ServiceError for a name or an address that another user has, or had as a name, in any case of its letters."""
    with transaction.atomic():
        user, _ = services.locked(user, actor, access.ADMINISTRATOR, access.PROVISIONER)
        if not versions.accepts(read, version(user)):
            raise services.UserChanged(user)
        before = user.username, user.email
        username = user.username if username is None else username
        email = following(user, username) if email is None else email
        if before == (username, email):
            return user
        check_username(user, username, actor)
        check_email(user, email, actor)
        write(user, username, email, now)
        audit.record(actor, user, audit.UPDATE, username=(before[0], username), email=(before[1], email))
        if before[0] != username:
            renamed.send(sender=User, user=user, before=before[0], after=username, actor=actor, now=now)
        if before[1] != email:
            new_address(user, before[1], actor, now)
    return user


def following(user: User, username: str) -> str:
    """The email address with the username `username`, if nobody says which."""
    same = user.email.lower() == user.username.lower()
    return username if same and services.is_email(username) else user.email


def check_username(user: User, username: str, actor: Actor | None) -> None:
    """Raises ServiceError unless `user`, whose row is locked, can be called `username`."""
    if username == user.username:
        return
    services.check_name(username)
    is_email = services.is_email(username)
    if user.kind == User.Kind.SERVICE and is_email:
        raise ServiceError("A service account's name can't be an email address.", "username")
    if services.is_email(user.username) and not is_email and not provisioning.is_directory(actor):
        raise ServiceError("Enter an email address: the username of a person.", "username")
    check_free(username, user)


def check_email(user: User, email: str, actor: Actor | None) -> None:
    """Raises ServiceError unless `user`, whose row is locked, can have this address. A directory need not know one."""
    if email == user.email or (not email and user.kind == User.Kind.PERSON and provisioning.is_directory(actor)):
        return
    if user.kind == User.Kind.SERVICE:
        raise ServiceError("A service account has no email address. Its owners get its notifications.", "email")
    if not services.is_email(email) or len(email) > EMAIL_MAX:
        raise ServiceError(f"{email[:80]} is not a valid email address." if email else "Enter an email address.", "email")
    if not email.isascii():
        raise ServiceError(f"Enter the domain in its ASCII form: {email_address(email)}", "email")
    check_free_email(email, user)


def write(user: User, username: str, email: str, now: datetime) -> None:
    """Raises ServiceError if somebody has just taken the name or the address."""
    former = user.username
    user.username, user.email = username, email
    try:
        with transaction.atomic():
            user.save(update_fields=["username", "email", "search_key"])
    except IntegrityError:
        raise ServiceError(f"A user named {username} already exists.", "username", Code.CONFLICT) from None
    FormerName.objects.filter(reserved(username), user=user).delete()
    if former.lower() != username.lower():
        FormerName.objects.create(name=former, user=user, changed_at=now)


def new_address(user: User, before: str, actor: Actor | None, now: datetime) -> None:
    """What follows from another email address."""
    email_changed.send(sender=User, user=user, before=before, after=user.email, actor=actor, now=now)
    if user.status == User.Status.INVITED and user.last_login is None:
        user.session_stamp = new_stamp()
        User.objects.filter(pk=user.pk).update(session_stamp=user.session_stamp)
        if user.email and (not provisioning.is_directory(actor) or config.get("scim_invitations")):
            emails.queue_invitation(user)
