"""Users with second factors, and the steps of their sign-ins."""

import json
import time
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.utils import timezone

from portal.core.actors import Actor
from portal.second_factor import passkeys, services, totp
from portal.second_factor.models import LastCode
from portal.users.models import User
from tests.factories import PASSWORD
from tests.pages.visitor import Visitor
from tests.second_factor.device import Passkey

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(ahead: int = 0, at: datetime | None = None, secret: str = SECRET) -> str:
    """What the app with `secret` shows, `ahead` steps from now."""
    step = int(at.timestamp() if at else time.time()) // totp.PERIOD + ahead
    return format_hotp_value(hotp_value(secret, step))


def give_app(user: User) -> list[str]:
    """Adds an authenticator app with SECRET, with no code used yet. Returns the recovery codes."""
    now = timezone.now()
    added = services.add_totp(user, SECRET, code(at=now), Actor(user), now)
    LastCode.objects.update(step=0)
    return added.codes


def give_passkey(user: User, name: str = "Laptop", verified: bool = True) -> Passkey:
    device, now = Passkey(verified), timezone.now()
    options, state = passkeys.begin_adding(user)
    credential = passkeys.finish_adding(state, json.loads(device.create(options)))
    services.add_passkey(user, name, credential, Actor(user), now)
    return device


def first_step(user: User, **more: Any) -> Visitor:
    """A visitor who has entered the password of `user`."""
    visitor = Visitor()
    visitor.send("account_login", login=user.username, password=PASSWORD, **more)
    return visitor


def is_signed_in(visitor: Visitor) -> bool:
    return "_auth_user_id" in visitor.session


def factor_types(user: User) -> list[str]:
    return sorted(Authenticator.objects.filter(user=user).values_list("type", flat=True))
