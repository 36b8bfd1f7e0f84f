"""Passkeys (WebAuthn), checked by python-fido2. Imported only where one is used: the library takes 12 MB of memory.

A ceremony has two halves: `begin_...` gives the options for the browser and a state, which stays on the server and is used once;
`finish_...` checks the browser's response against that state (https://www.w3.org/TR/webauthn-3/, section 7).
"""

import struct
from collections.abc import Iterable
from typing import Any

from allauth.account.utils import url_str_to_user_pk, user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal.second_factor.factors import PASSKEY
from portal.users.models import User

Options = dict[str, Any]
State = dict[str, Any]
# What fido2 raises for a response that is malformed (its CBOR reader checks no lengths and no depth), or that does not fit the state, the
# address or the key.
BAD_RESPONSE = (ValueError, TypeError, LookupError, AttributeError, struct.error, RecursionError, OverflowError, NotImplementedError)


class Rejected(Exception):
    """The browser's response is not one to this question, or not by a passkey of this user."""


def server() -> Fido2Server:
    """Passkeys belong to the host in PORTAL_URL, and are taken from pages of that very address alone, whatever a Host header says."""
    entity = PublicKeyCredentialRpEntity(id=settings.PORTAL_HOST, name=settings.PORTAL_NAME)
    return Fido2Server(entity, verify_origin=lambda origin: origin == settings.PORTAL_URL)


def begin_adding(user: User) -> tuple[Options, State]:
    """A passkey that can also sign in alone, if the device can store one and check who holds it."""
    entity = PublicKeyCredentialUserEntity(
        id=user_pk_to_url_str(user).encode(), name=user.username, display_name=user.display_name or user.username
    )
    options, state = server().register_begin(
        entity,
        credentials=credentials(passkeys_of(user)),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return dict(options), state


def finish_adding(state: State, response: Any) -> Options:
    """What is stored of a new passkey: its public key and its id, as django-allauth stores them. Raises Rejected."""
    try:
        data = server().register_complete(state, response).credential_data
        parts = {name: response["response"][name] for name in ("clientDataJSON", "attestationObject")}
    except BAD_RESPONSE:
        raise Rejected from None
    name = websafe_encode(data.credential_id) if data else ""
    if not name or Authenticator.objects.filter(type=PASSKEY, data__credential__id=name).exists():  # one account (WebAuthn, section 7.1)
        raise Rejected
    return {"id": name, "rawId": name, "type": "public-key", "response": parts}


def begin_using(user: User | None, alone: bool) -> tuple[Options, State]:
    """`user`: whose passkey it must be; None: anybody's. `alone`: nothing else was asked for, so the device must check who holds
    it."""
    verification = UserVerificationRequirement.REQUIRED if alone else UserVerificationRequirement.PREFERRED
    known = credentials(passkeys_of(user)) if user else None
    options, state = server().authenticate_begin(known, user_verification=verification)
    return dict(options), state


def finish_using(state: State, response: Any, user: User | None) -> Authenticator:
    """The passkey that answered; `user` as in `begin_using`. Raises Rejected."""
    try:
        rows = list(passkeys_of(user or owner_of(response)))
        used = server().authenticate_complete(state, credentials(rows), response)
    except BAD_RESPONSE:
        raise Rejected from None
    return next(row for row in rows if stored(row).credential_id == used.credential_id)


def owner_of(response: Any) -> User:
    """Whose passkey a response says that it is by. The signature shows whether that is so."""
    handle = websafe_decode(response["response"]["userHandle"]).decode()
    user = User.objects.filter(pk=url_str_to_user_pk(handle)).first()
    if user is None:
        raise ValueError
    return user


def passkeys_of(user: User) -> Iterable[Authenticator]:
    return Authenticator.objects.filter(user=user, type=PASSKEY).select_related("user").order_by("pk")


def credentials(rows: Iterable[Authenticator]) -> list[AttestedCredentialData]:
    return [stored(row) for row in rows]


def stored(row: Authenticator) -> AttestedCredentialData:
    data = RegistrationResponse.from_dict(row.data["credential"]).response.attestation_object.auth_data.credential_data
    assert data is not None  # finish_adding stores none without
    return data
