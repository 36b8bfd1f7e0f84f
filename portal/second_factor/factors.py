"""Which factors a user has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Exists

from portal.second_factor import available
from portal.users.models import User

TOTP, PASSKEY, RECOVERY = Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN, Authenticator.Type.RECOVERY_CODES
# What makes a second step. Recovery codes alone do not: they are only for those who have lost one of these.
FACTORS = (TOTP, PASSKEY)
NAMES = {TOTP: "authenticator app", PASSKEY: "passkey", RECOVERY: "recovery codes"}


@dataclass(frozen=True)
class Passkey:
    pk: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class Factors:
    """`codes_left`: unused recovery codes, None if the user never got any."""

    totp: Authenticator | None
    passkeys: Sequence[Passkey]
    codes_left: int | None

    def __bool__(self) -> bool:
        """Is a second step needed to sign in?"""
        return bool(self.totp or self.passkeys)


def of(user: User) -> Factors:
    rows = list(Authenticator.objects.filter(user=user).order_by("pk"))
    one: dict[Any, Authenticator] = {row.type: row for row in rows}
    passkeys = [Passkey(row.pk, row.data["name"], row.created_at, row.last_used_at) for row in rows if row.type == PASSKEY]
    codes = one.get(RECOVERY)
    return Factors(one.get(TOTP), passkeys, codes_left(codes) if codes else None)


def codes_left(codes: Authenticator) -> int:
    """Needs no secret: a mask in the row says which codes are used."""
    return 10 - codes.data["used_mask"].bit_count()


def has_factor(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def somebody_has_a_passkey() -> bool:
    """Nobody is offered what nobody has: the sign-in page stays as simple as it was."""
    return available.passkeys() and Authenticator.objects.filter(type=PASSKEY).exists()


def owned_by(user: Any) -> Exists:
    """A condition: has `user` (an OuterRef) a second factor?"""
    return Exists(Authenticator.objects.filter(user=user, type__in=FACTORS))
