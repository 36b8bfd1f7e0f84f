"""Recovery codes: ten codes that each replace the second step once, for somebody who has lost the phone."""

import re

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

from portal.second_factor.factors import RECOVERY
from portal.users.models import User

CODE = re.compile(r"[0-9]{8}", re.ASCII)


def create(user: User) -> tuple[Authenticator, list[str]]:
    """New codes in place of all former ones. They can't be shown again. In a transaction that has locked the user's row."""
    Authenticator.objects.filter(user=user, type=RECOVERY).delete()
    codes = RecoveryCodes.activate(user)
    return codes.instance, [shown(code) for code in codes.generate_codes()]


def shown(code: str) -> str:
    """`1234-5678`"""
    return f"{code[:4]}-{code[4:]}"


def use(authenticator: Authenticator, code: str) -> bool:
    """Is `code` one that has not been used? Then it is used up: django-allauth locks the row meanwhile."""
    return bool(CODE.fullmatch(code)) and RecoveryCodes(authenticator).validate_code(code)
