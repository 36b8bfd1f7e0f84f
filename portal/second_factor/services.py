"""Adding, renaming and removing factors. The user's row is locked meanwhile, so that two changes at once come one after the other."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import encrypt
from django.db import transaction
from django.db.models import Q

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import Code, ServiceError
from portal.core.text import clean
from portal.second_factor import recovery, requirement, totp
from portal.second_factor.factors import FACTORS, NAMES, PASSKEY, RECOVERY, TOTP, has_factor
from portal.second_factor.models import LastCode, Requirement
from portal.users.models import User, new_stamp
from portal.users.signals import factor_changed

WRONG_CODE = "This code is wrong or has expired. Enter the code that the app shows now."
GONE = "It has already been removed."
MOST_PASSKEYS, NAME_MAX = 20, 60


@dataclass(frozen=True)
class Added:
    """`codes`: the user's first recovery codes, which this is the only chance to show; empty if there were some before."""

    authenticator: Authenticator
    codes: list[str]


def add_totp(user: User, secret: str, code: str, actor: Actor, now: datetime) -> Added:
    """An authenticator app with `secret` (base 32), which `code` shows that it has. Raises ServiceError."""
    step = totp.step_of(secret, "".join(code.split()), now)
    if step is None:
        raise ServiceError(WRONG_CODE, "code")
    with transaction.atomic():
        lock(user, actor)
        if Authenticator.objects.filter(user=user, type=TOTP).exists():
            raise ServiceError("You already have an authenticator app. Remove it first.", code=Code.CONFLICT)
        row = Authenticator.objects.create(user=user, type=TOTP, data={"secret": encrypt(secret)}, created_at=now)
        LastCode.objects.create(authenticator=row, step=step)  # the code that was just typed works no second time
        return added(row, NAMES[TOTP], actor, now)


def add_passkey(user: User, name: str, credential: dict[str, Any], actor: Actor, now: datetime) -> Added:
    """`credential`: what `passkeys.finish_adding` returned. Raises ServiceError."""
    name = clean(name, NAME_MAX, "Name", "name") or "Passkey"
    with transaction.atomic():
        lock(user, actor)
        if Authenticator.objects.filter(user=user, type=PASSKEY).count() >= MOST_PASSKEYS:
            raise ServiceError(f"You already have {MOST_PASSKEYS} passkeys. Remove one first.", code=Code.CONFLICT)
        row = Authenticator.objects.create(user=user, type=PASSKEY, data={"name": name, "credential": credential}, created_at=now)
        return added(row, f"passkey {name}", actor, now)


def added(row: Authenticator, factor: str, actor: Actor, now: datetime) -> Added:
    user, codes = row.user, []
    if not Authenticator.objects.filter(user=user, type=RECOVERY).exists():
        codes = recovery.create(user)[1]
    Requirement.objects.filter(user=user).delete()
    report(audit.Event.FACTOR_ADDED, user, actor, now, "added", factor)
    return Added(row, codes)


def rename_passkey(user: User, pk: int, name: str, actor: Actor) -> None:
    """Raises ServiceError."""
    name = clean(name, NAME_MAX, "Name", "name")
    if not name:
        raise ServiceError("Enter a name.", "name")
    with transaction.atomic():
        lock(user, actor)
        row = own(user, pk)
        audit.record(actor, user, audit.UPDATE, passkey=(row.data["name"], name))
        row.data["name"] = name
        row.save(update_fields=["data"])


def remove(user: User, pk: int, actor: Actor, now: datetime) -> None:
    """Removes an authenticator app or a passkey; with the last one go the recovery codes. Raises ServiceError, also where the user must
    have a second factor."""
    with transaction.atomic():
        lock(user, actor)
        row = own(user, pk)
        others = Authenticator.objects.filter(user=user, type__in=FACTORS).exclude(pk=pk)
        if not others.exists() and requirement.applies_to(user):
            raise ServiceError("Your organization requires two-factor authentication. Add another factor before you remove this one.")
        factor = f"passkey {row.data['name']}" if row.type == PASSKEY else NAMES[TOTP]
        row.delete()
        if not has_factor(user):
            Authenticator.objects.filter(user=user).delete()
        report(audit.Event.FACTOR_REMOVED, user, actor, now, "removed", factor)


def new_recovery_codes(user: User, actor: Actor, now: datetime) -> list[str]:
    """New codes in place of the former ones. Raises ServiceError."""
    with transaction.atomic():
        lock(user, actor)
        if not has_factor(user):
            raise ServiceError("Set up an authenticator app or a passkey first.")
        codes = recovery.create(user)[1]
        report(audit.Event.RECOVERY_CODES_CREATED, user, actor, now, "recovery_codes", NAMES[RECOVERY])
    return codes


def reset(user: User, actor: Actor | None, now: datetime) -> None:
    """Removes all factors of `user`, and ends the user's sessions and temporary tokens. `actor`: another administrator, or None for the
    command line. Raises ServiceError."""
    if actor and actor.user.pk == user.pk:
        raise ServiceError("You can't reset your own two-factor authentication. Remove your factors on your Profile.")
    with transaction.atomic():
        access.lock(actor, access.ADMINISTRATOR, users=Q(pk=user.pk))
        if not Authenticator.objects.filter(user=user).delete()[0]:
            raise ServiceError(f"{user.username} has no two-factor authentication.", code=Code.CONFLICT)
        User.objects.filter(pk=user.pk).update(session_stamp=new_stamp())
        report(audit.Event.FACTOR_RESET, user, actor, now, "reset", "all")


def report(event: audit.Event, user: User, actor: Actor | None, now: datetime, change: str, factor: str) -> None:
    audit.event(event, actor, user, factor=factor)
    factor_changed.send(sender=Authenticator, user=user, actor=actor, now=now, change=change, factor=factor)


def lock(user: User, actor: Actor) -> None:
    """A user changes their own factors alone."""
    access.require(actor.user == user)
    access.lock(actor, *access.EVERYBODY)


def own(user: User, pk: int) -> Authenticator:
    row = Authenticator.objects.filter(user=user, pk=pk, type__in=FACTORS).first()
    if row is None:
        raise ServiceError(GONE, code=Code.CONFLICT)
    return row
