"""The services of users. Each takes plain values and returns what it made, or raises `ServiceError`."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core import versions
from portal.core.actors import Actor
from portal.core.domains import email_address
from portal.core.errors import Code, ServiceError
from portal.core.redaction import TOKEN
from portal.core.text import clean
from portal.users import emails, provisioning, uniqueness
from portal.users.models import ADMINISTRATORS, DISPLAY_NAME_MAX, USERNAME, User, named, new_stamp
from portal.users.signals import access_ended, access_restored, name_given_again

LAST_ADMINISTRATOR = "This is the last active administrator. Make another user an administrator first."


class UserDeleted(ServiceError):
    """The user was deleted after the actor had read it."""


class LastAdministrator(ServiceError):
    """What was asked for would leave nobody who can administrate."""


class UserChanged(ServiceError):
    """Somebody has changed the user since the actor read it. `user`: as it is now."""

    def __init__(self, user: User) -> None:
        state = f"{user.get_role_display()}, {'active' if user.is_active else 'inactive'}"
        super().__init__(f"{user.username} has been changed since you opened this form (now {state}).", code=Code.PRECONDITION_FAILED)
        self.user = user


def require(user: User, read: versions.Versions) -> None:
    """Raises UserChanged unless the version of the locked row `user` is one of those that the actor has read."""
    if not versions.accepts(read, user.version):
        raise UserChanged(user)


def is_email(text: str) -> bool:
    try:
        validate_email(text)
        email_address(text)
    except (ValidationError, ValueError):
        return False
    return True


def check_name(username: str) -> None:
    """Raises ServiceError for a name that can't be part of a URL (`.../users/add/` is the form's), and for one with an @ that is no email
    address: somebody mistyped a person's address, and a service account of that name would be a surprise."""
    if "@" in username and not is_email(username):
        raise ServiceError(f"{username[:80]} is not a valid email address.", "username")
    if "@" in username and not username.isascii():
        raise ServiceError(f"Enter the domain in its ASCII form: {email_address(username)}", "username")
    try:
        USERNAME(username)
    except ValidationError as error:
        raise ServiceError(error.messages[0], "username") from None
    if TOKEN.search(username):
        raise ServiceError("Username can't contain an API token.", "username")
    if username.lower() == "add":
        raise ServiceError('"add" is reserved. Choose another username.', "username")


def clean_display_name(name: str) -> str:
    """The name as it is stored (`portal.core.text.clean`); it may be empty. Raises ServiceError."""
    return clean(name, DISPLAY_NAME_MAX, "Display name", "display_name")


def create(
    username: str,
    display_name: str,
    role: str,
    actor: Actor | None,
    *,
    kind: str | None = None,
    email: str | None = None,
    invite: bool = True,
) -> User:
    """Makes a person (the username is an email address) or a service account (any other name), and invites a person by email. `kind`
    and `email`: given where the name does not say them; `invite`: False where the company's sign-in needs no password.

    The name of a deleted user brings that user back, without its tokens: one name means one user for ever, so that
    neither the audit trail nor a service which knows users by name can take one for another.
    """
    check_name(username)
    values = new_values(username, clean_display_name(display_name), role, kind, email)
    with transaction.atomic():
        # The administrators too: what follows a new user (groups, owners) locks them, and must not wait for who waits for the actor's row.
        rows = access.lock(actor, access.ADMINISTRATOR, access.PROVISIONER, users=named(username) | ADMINISTRATORS)
        provisioning.check_new(actor, values["kind"] == User.Kind.PERSON, role)
        former = deleted_user(rows, username, values)
        user = former or User(username=username)
        for field, value in values.items():
            setattr(user, field, value)
        user.set_unusable_password()
        try:
            with transaction.atomic():
                user.save()
        except IntegrityError:
            raise ServiceError(f"A user named {username} already exists.", "username") from None
        if former:
            name_given_again.send(sender=User, user=user, actor=actor, now=timezone.now())
        audit.record(actor, user, audit.CREATE, role=("", role), kind=("", values["kind"]))
        if invite and user.email:  # a service account has none
            emails.queue_invitation(user)
    return user


def new_values(username: str, display_name: str, role: str, kind: str | None, email: str | None) -> dict[str, Any]:
    """The columns of a user who is created, or brought back. Raises ServiceError for a role that a service account can't have."""
    person = kind == User.Kind.PERSON if kind else is_email(username)
    if not person and role != User.Role.USER:
        raise ServiceError("A service account always has the role User. For any other role, enter a person's email address.", "role")
    if email is None:
        email = username if person else ""
    return {
        "email": email,
        "display_name": display_name,
        "role": role,
        "kind": User.Kind.PERSON if person else User.Kind.SERVICE,
        "is_active": True,
        "may_introspect": False,
        "may_provision": False,
        "deleted_at": None,
        "last_login": None,  # to be invited again
        "session_stamp": new_stamp(),
    }


def deleted_user(rows: dict[int, User], username: str, values: dict[str, Any]) -> User | None:
    """The deleted user of that name, who is to be brought back with `values`, if there is one. `rows`: locked, those of that name among
    them. Raises ServiceError for a name or an address that is taken."""
    found = next((row for row in rows.values() if row.username.lower() == username.lower()), None)
    if found and not found.deleted_at:
        raise ServiceError(f"A user named {found.username} already exists.", "username")
    uniqueness.check_free(username, found)
    uniqueness.check_free_email(values["email"], found)
    if found and found.kind != values["kind"]:
        raise ServiceError(f"{found.username} is the name of a deleted {found.get_kind_display().lower()}.", "username")
    return found


def update(
    user: User,
    display_name: str | None,
    role: str | None,
    actor: Actor | None,
    may_introspect: bool | None = None,
    read: versions.Versions = None,
    *,
    may_provision: bool | None = None,
) -> User:
    """Changes what is not None: name, role, the permissions to introspect and to provision. The role of the last active administrator,
    and one's own, cannot be lowered. `read`: the versions of the user that the actor knows; with another one UserChanged is raised."""
    if display_name not in (None, user.display_name):  # one that is stored already may be older than the rule
        display_name = clean_display_name(display_name)
    given = {"display_name": display_name, "role": role, "may_introspect": may_introspect, "may_provision": may_provision}
    after = {field: value for field, value in given.items() if value is not None}
    allowed = (access.ADMINISTRATOR,) if after.keys() - {"display_name"} else (access.ADMINISTRATOR, access.PROVISIONER)
    with transaction.atomic():
        user, rows = locked(user, actor, *allowed)
        require(user, read)
        if user.is_administrator and after.get("role", user.role) != User.Role.ADMINISTRATOR:
            if is_self(user, actor):
                raise ServiceError("You can't remove your own Administrator role.", "role")
            keep_an_administrator(user, rows, "role")
        if user.kind == User.Kind.SERVICE and after.get("role", user.role) != User.Role.USER:
            raise ServiceError("A service account always has the role User.", "role")
        if user.kind == User.Kind.PERSON and after.get("may_provision"):
            raise ServiceError("Only a service account can provision users.", "may_provision")
        changes = {field: (getattr(user, field), value) for field, value in after.items() if getattr(user, field) != value}
        if changes:
            User.objects.filter(pk=user.pk).update(**{field: value for field, (_, value) in changes.items()})
            for field, (_, value) in changes.items():
                setattr(user, field, value)
            audit.record(actor, user, audit.UPDATE, **changes)
    return user


def locked(user: User, actor: Actor | None, *allowed: str) -> tuple[User, list[User]]:
    """The user's row as it is now, and with it those of all administrators, locked until the transaction ends: what the caller read may
    be old, and rules must not go by it. Checks the actor, who needs one of the roles `allowed` (administrator unless given). Raises
    ServiceError if the user is deleted, PermissionDenied."""
    mine = Q(pk=user.pk) | Q(role=User.Role.ADMINISTRATOR)
    rows = access.lock(actor, *(allowed or (access.ADMINISTRATOR,)), users=mine & Q(deleted_at=None))
    if user.pk not in rows or rows[user.pk].deleted_at:
        raise UserDeleted(f"{user.username} has already been deleted.")
    provisioning.check_target(actor, rows[user.pk])
    return rows[user.pk], list(rows.values())


def is_self(user: User, actor: Actor | None) -> bool:
    return actor is not None and user.pk == actor.user.pk


def keep_an_administrator(leaving: User, rows: list[User], field: str | None = None) -> None:
    """Raises ServiceError when `leaving` is the only active one. `rows`: all administrators, locked, so that two cannot demote each other
    at once."""
    if [row for row in rows if row.can_administrate] == [leaving]:
        raise LastAdministrator(LAST_ADMINISTRATOR, field)


def deactivate(user: User, actor: Actor | None, read: versions.Versions = None) -> None:
    """Ends the user's access at once: sign-in, sessions and all tokens. `read`: as for `update`."""
    end_access(user, actor, "deactivate", timezone.now(), read)


def delete(user: User, actor: Actor | None, read: versions.Versions = None) -> None:
    """Takes the user away from every page. The row stays, since tokens and the audit trail point to it. `read`: as for `update`."""
    end_access(user, actor, "delete", timezone.now(), read)


def end_access(user: User, actor: Actor | None, verb: str, now: datetime, read: versions.Versions = None) -> None:
    if is_self(user, actor):
        raise ServiceError(f"You can't {verb} yourself.")
    with transaction.atomic():
        row, rows = locked(user, actor, access.ADMINISTRATOR, access.PROVISIONER)
        keep_an_administrator(row, rows)
        if verb == "deactivate" and not row.is_active:
            raise ServiceError(f"{user.username} has already been deactivated.")
        require(row, read)
        changes = {"is_active": False, "session_stamp": new_stamp()} | ({"deleted_at": now} if verb == "delete" else {})
        User.objects.filter(pk=user.pk).update(**changes)
        user.refresh_from_db()
        access_ended.send(sender=User, user=user, actor=actor, now=now)
        audit.record(actor, user, audit.DELETE if verb == "delete" else audit.UPDATE, is_active=(row.is_active, False))


def activate(user: User, actor: Actor | None, read: versions.Versions = None) -> None:
    """Reactivates the user. Tokens that ended with the deactivation stay revoked. Nobody reactivates themselves: an administrator who
    was deactivated a moment ago could undo it. `read`: as for `update`."""
    if is_self(user, actor):
        raise ServiceError("You can't reactivate yourself.")
    with transaction.atomic():
        row, _ = locked(user, actor, access.ADMINISTRATOR, access.PROVISIONER)
        if row.is_active:
            raise ServiceError(f"{user.username} is already active.")
        require(row, read)
        User.objects.filter(pk=user.pk).update(is_active=True)
        user.refresh_from_db()
        access_restored.send(sender=User, user=user, actor=actor, now=timezone.now())
        audit.record(actor, user, audit.UPDATE, is_active=("False", "True"))
