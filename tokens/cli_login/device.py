"""Sign-in for programs on machines without a browser: device authorisation (RFC 8628).

The program gets two codes. It shows the short one, the user code, which its user enters on the page `/device/` in a browser on any
machine, and polls with the long one, the device code, until the user has decided. Then it gets the temporary token of the user's
session, as the program of `flow.py` does.
"""

import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NoReturn

from django.db import IntegrityError, transaction

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.client_ip import subnet
from portal.core.derived_secrets import derive, secret_keys
from portal.core.errors import Code, ServiceError
from portal.users import throttle, trail
from tokens import services, sessions, token_format
from tokens.credentials import TokenCredential
from tokens.models import DeviceLogin, Token

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
LIFETIME = timedelta(minutes=10)
INTERVAL, SLOWER = 5, 5  # seconds; section 3.5 says by how much it grows
LEEWAY = timedelta(seconds=1)  # a poll may be faster on its way than the one before it
# Section 6.1: no vowels, so that no code is a word, and nothing that is mistaken for something else. 20 to the power of 8 codes.
LETTERS, LENGTH = "BCDFGHJKLMNPQRSTVWXZ", 8
MOST_PENDING = 10_000
State = DeviceLogin.State
PENDING = DeviceLogin.objects.filter(state=State.PENDING)


class Full(Exception):
    """As many sign-ins are pending as the portal keeps."""


@dataclass(frozen=True, slots=True)
class Codes:
    """The only place in which the two codes are. `user_code` as it is shown: XXXX-XXXX."""

    device_code: str
    user_code: str


def start(client_id: str, client: Actor, now: datetime) -> Codes:
    """A program asks to sign in. `client_id`: the name that it gives itself; `client`: where it is, for the page and the audit trail.

    Raises ServiceError for a name that cannot be shown, Throttled for an address that asks too often, and Full."""
    throttle.hit(throttle.DEVICE_REQUESTS, subnet(client.address) or "unknown", now)
    name = clean_client(client_id)
    DeviceLogin.objects.filter(expires_at__lte=now - LIFETIME).delete()  # the clean-up runs once a day: too seldom for a flood
    if DeviceLogin.objects.filter(expires_at__gt=now).count() >= MOST_PENDING:
        raise Full
    codes = store(name, client.address, now)
    asked = DeviceLogin(client=name, address=client.address)
    trail.record_bounded(audit.Event.DEVICE_REQUESTED, None, asked, client, "device sign-ins", now)
    return codes


def clean_client(client_id: str) -> str:
    """The name as it is stored. Raises ServiceError."""
    try:
        return services.clean_name(client_id)
    except ServiceError:
        raise ServiceError(f"client_id must be {services.NAME_RULE}.", code=Code.INVALID_CLIENT) from None


def store(name: str, address: str | None, now: datetime) -> Codes:
    """A new row under two new codes."""
    while True:
        codes = Codes(secrets.token_urlsafe(32), shown("".join(secrets.choice(LETTERS) for _ in range(LENGTH))))
        try:
            with transaction.atomic():
                DeviceLogin.objects.create(
                    digest=token_format.digest(codes.device_code),
                    user_code_hash=hashes(codes.user_code)[0],
                    client=name,
                    address=address,
                    requested_at=now,
                    expires_at=now + LIFETIME,
                    interval=INTERVAL,
                    next_poll_at=now,
                )
        except IntegrityError:  # somebody else has this user code
            continue
        return codes


def shown(letters: str) -> str:
    return f"{letters[:4]}-{letters[4:]}"


def letters_of(typed: str) -> str:
    """A user code as somebody typed it, in any case and with anything between the letters (section 6.1)."""
    return re.sub(r"[^A-Z]", "", typed.upper())


def hashes(user_code: str) -> list[bytes]:
    """What is stored for a user code under each key. It is so short that a hash without a key could be undone by trying."""
    return [derive("tokens.device_login", letters_of(user_code), key) for key in secret_keys()]


def find(user_code: str, now: datetime) -> DeviceLogin:
    """The sign-in that waits for a decision under this code. Raises ServiceError."""
    found = PENDING.filter(user_code_hash__in=hashes(user_code), expires_at__gt=now).first()
    if found is None:
        raise ServiceError("This code is unknown, expired or already used.", "user_code")
    return found


@transaction.atomic
def approve(login: DeviceLogin, token: Token, actor: Actor, now: datetime) -> None:
    """The user said yes: the program gets `token`, the temporary token of the user's session. Raises ServiceError if the sign-in has been
    decided or is over, PermissionDenied if the actor's session has ended."""
    access.lock(actor, *access.EVERYBODY)
    decide(login, now, state=State.APPROVED, token=token)
    audit.event(audit.Event.DEVICE_APPROVED, actor, login)


@transaction.atomic
def deny(login: DeviceLogin, actor: Actor, now: datetime) -> None:
    """The user said no. Raises as `approve` does."""
    access.lock(actor, *access.EVERYBODY)
    decide(login, now, state=State.DENIED)
    audit.event(audit.Event.DEVICE_DENIED, actor, login)


def decide(login: DeviceLogin, now: datetime, **values: object) -> None:
    """The first decision counts. Raises ServiceError for every other one."""
    if not PENDING.filter(pk=login.pk, expires_at__gt=now).update(**values):
        raise ServiceError("This code is unknown, expired or already used.", "user_code")


def poll(device_code: str, now: datetime, client: Actor, client_id: str = "") -> tuple[Token, str]:
    """The temporary token of the user who approved the sign-in, and its text: once. `client_id`, if the program sends it, must be the
    name that it gave at first; `client`: where the program is, for the audit trail. Raises ServiceError with a code of section 3.5."""
    login = DeviceLogin.objects.filter(digest=token_format.digest(device_code)).select_related("token__user").first()
    if login is None or login.state == State.REDEEMED or (client_id and clean_client(client_id) != login.client):
        raise invalid_grant()
    if login.expires_at <= now:
        raise ServiceError("The device code has expired. Start again.", code=Code.EXPIRED_TOKEN)
    if login.state == State.DENIED:
        raise ServiceError("The user denied the sign-in.", code=Code.ACCESS_DENIED)
    if login.token is None:
        wait(login, now)
    return redeem(login, login.token, client, now)


def wait(login: DeviceLogin, now: datetime) -> NoReturn:
    """The user has not decided yet. A program that polls too soon waits longer from then on, as long as the codes live at most."""
    mine = DeviceLogin.objects.filter(pk=login.pk)
    due = now + timedelta(seconds=login.interval) - LEEWAY
    if mine.filter(interval=login.interval, next_poll_at__lte=now).update(next_poll_at=due):
        raise ServiceError("The user has not decided yet.", code=Code.AUTHORIZATION_PENDING)
    longer = min(login.interval + SLOWER, int(LIFETIME.total_seconds()))
    if longer > login.interval:  # a flood costs some 120 writes
        mine.update(interval=longer, next_poll_at=due + timedelta(seconds=longer - login.interval))
    raise ServiceError(f"Wait {longer} seconds between requests.", code=Code.SLOW_DOWN)


def redeem(login: DeviceLogin, token: Token, client: Actor, now: datetime) -> tuple[Token, str]:
    """Gives the token out, if it is still valid. Raises ServiceError."""
    text = sessions.reveal(token)
    if text is None:
        raise invalid_grant()
    actor = replace(client, user=token.user, credential=TokenCredential(token.pk))
    try:
        with transaction.atomic():
            access.lock(actor, *access.EVERYBODY)
            if not DeviceLogin.objects.filter(pk=login.pk, state=State.APPROVED).update(state=State.REDEEMED):
                raise invalid_grant()
            audit.event(audit.Event.CLI_SIGN_IN, actor, token, changes={"given_to": ["", str(login)]})
    except access.ActorEnded:  # the user signed out in between, or changed the password, ...
        raise invalid_grant() from None
    return token, text


def invalid_grant() -> ServiceError:
    """The same for every reason (RFC 6749, section 5.2)."""
    return ServiceError("The device code is unknown or already used, or the session that approved it has ended.", code=Code.INVALID_GRANT)
