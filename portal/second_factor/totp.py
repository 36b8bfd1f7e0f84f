"""Codes of authenticator apps (RFC 6238: SHA-1, 6 digits, 30 seconds, which is what all apps understand)."""

import re
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.utils import decrypt
from django.db import IntegrityError, transaction
from django.utils.crypto import constant_time_compare

from portal.second_factor.models import LastCode

PERIOD = 30  # seconds
# A code is accepted one step early and one step late: the phone's clock is wrong by a few seconds, and typing takes some.
TOLERANCE = 1
CODE = re.compile(r"[0-9]{6}", re.ASCII)

new_secret = generate_totp_secret


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step that `code` belongs to, None for a wrong or an old one. `secret`: in base 32."""
    if not CODE.fullmatch(code):
        return None
    current = int(now.timestamp()) // PERIOD
    steps = range(current - TOLERANCE, current + TOLERANCE + 1)
    return next((step for step in steps if constant_time_compare(format_hotp_value(hotp_value(secret, step)), code)), None)


def use(authenticator: Authenticator, code: str, now: datetime) -> bool:
    """Is `code` right, and newer than any that was used before? Then it is used up."""
    step = step_of(decrypt(authenticator.data["secret"]), code, now)
    return step is not None and use_step(authenticator, step)


def use_step(authenticator: Authenticator, step: int) -> bool:
    """False if that step, or a later one, was used before. Of several simultaneous calls one gets True."""
    rows = LastCode.objects.filter(authenticator=authenticator)
    if rows.filter(step__lt=step).update(step=step):
        return True
    try:
        with transaction.atomic():
            return not rows.exists() and bool(LastCode.objects.create(authenticator=authenticator, step=step))
    except IntegrityError:  # written meanwhile
        return False
