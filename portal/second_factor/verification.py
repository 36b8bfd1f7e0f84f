"""Checking a second step. Each attempt is counted before it is looked at, so that simultaneous ones cannot exceed the limit.

A stranger gets here only with the password, and cannot use up what the owner has left in a browser that the owner has signed in with."""

from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest

from portal.audit import services as audit
from portal.core import permissions as access
from portal.second_factor import ceremony, recovery, totp
from portal.second_factor.encryption import Unreadable
from portal.second_factor.factors import RECOVERY, TOTP, codes_left
from portal.users import devices, limits, throttle, trail
from portal.users.models import User
from portal.users.signals import factor_changed
from portal.users.throttle import Attempt

MOST_TYPED = 20


def check_code(request: HttpRequest, user: User, typed: str, now: datetime) -> Authenticator | None:
    """The authenticator app or the recovery codes that the code `typed` is from; None for a wrong one. Raises Throttled."""
    attempts = count(request, user, now)
    code = "".join(each for each in typed[:MOST_TYPED] if each not in " -\N{EN DASH}\N{NO-BREAK SPACE}")
    used = matching(user, code, now)
    if used is None:
        failed(request, user, "code", now)
        return None
    throttle.give_back(attempts)
    passed(request, user, used, now)
    return used


def matching(user: User, code: str, now: datetime) -> Authenticator | None:
    for row in Authenticator.objects.filter(user=user, type__in=[TOTP, RECOVERY]).order_by("-type"):
        try:
            if totp.use(row, code, now) if row.type == TOTP else recovery.use(row, code):
                return row
        except Unreadable:
            continue
    return None


def count(request: HttpRequest, user: User, now: datetime) -> list[Attempt]:
    if device := devices.known_device(request, user.username.lower()):
        by_device = throttle.hit(throttle.CODES_BY_DEVICE, f"{user.pk}:{device}", now)
        return [by_device, throttle.hit(throttle.CODES_BY_DEVICES, str(user.pk), now)]
    by_address = throttle.hit(throttle.CODES_BY_ADDRESS, limits.address(request), now)
    return [by_address, throttle.hit(throttle.CODES_BY_ACCOUNT, str(user.pk), now)]


def check_passkey(request: HttpRequest, user: User | None, response: Any, purpose: str, now: datetime) -> Authenticator | None:
    """The passkey that answered the ceremony for `purpose`. `user`: whose it must be, None for a sign-in by passkey alone. Needs no limit:
    there is nothing to guess."""
    from portal.second_factor import passkeys

    state = ceremony.recall(request.session, purpose, now)
    try:
        if state is None:
            raise passkeys.Rejected
        used = passkeys.finish_using(state, response, user)
    except passkeys.Rejected:
        if user:
            failed(request, user, "passkey", now)
        return None
    passed(request, used.user, used, now)
    return used


def passed(request: HttpRequest, user: User, used: Authenticator, now: datetime) -> None:
    """A recovery code may have been used by somebody who found the list: its owner gets an email."""
    Authenticator.objects.filter(pk=used.pk).update(last_used_at=now)
    if used.type == RECOVERY:
        left = codes_left(Authenticator.objects.get(pk=used.pk))
        with transaction.atomic():
            audit.event(audit.Event.RECOVERY_CODE_USED, None, user, access.actor_of(request), left=left)
            actor = access.actor_of(request, user)
            factor_changed.send(sender=Authenticator, user=user, actor=actor, now=now, change="used", factor=f"{left} left")


def failed(request: HttpRequest, user: User, factor: str, now: datetime) -> None:
    """Repetitions are counted in one entry: somebody who knows the password can send invalid passkeys without limit."""
    client = access.actor_of(request)
    actor = client if request.user.is_authenticated else None
    trail.record_bounded(audit.Event.FACTOR_FAILED, actor, user, client, "second steps", now, factor=factor)
