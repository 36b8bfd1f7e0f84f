"""Which user an identity of a provider belongs to, and the connections between the two.

A user is known by the provider's issuer and subject, never by an address: an address may be given to somebody else. An address counts once,
for a person who was invited by it and has never signed in."""

from contextlib import suppress
from datetime import datetime

from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction
from django.db.models import Q

import settings_app.services as config
from portal.audit import services as audit
from portal.audit.services import Event
from portal.core import permissions as access
from portal.core.errors import ServiceError
from portal.directory import claims as directory
from portal.directory import roles
from portal.sso import connections
from portal.sso.claims import Identity
from portal.users import renaming
from portal.users import services as users
from portal.users.models import User

ATTEMPTS = 3


class SignInRejected(Exception):
    """The identity is genuine, but nobody may sign in with it. `reason`: a key of REASONS; `user`: the local user it is about, if any."""

    def __init__(self, reason: str, user: User | None = None) -> None:
        super().__init__(reason)
        self.reason, self.user = reason, user


REASONS = {
    "issuer": "The account is connected to another issuer",
    "unverified": "No verified email address",
    "taken": "The email address belongs to another user",
    "unknown": "Nobody was invited by this address",
    "inactive": "The user is inactive",
    "name": "The email address cannot be a username",
}


def user_of(identity: Identity, now: datetime) -> tuple[User, SocialAccount]:
    """The user who signs in by `identity`: the connected one, an invited one, or a new one, with the role that the identity gives.
    Raises SignInRejected."""
    for _ in range(ATTEMPTS):
        with suppress(IntegrityError):  # the same first sign-in, a moment ago
            return resolve(identity, now)
    return resolve(identity, now)


@transaction.atomic
def resolve(identity: Identity, now: datetime) -> tuple[User, SocialAccount]:
    """Raises SignInRejected, and IntegrityError if somebody else has resolved it at the same moment."""
    lock(identity)
    account = connected(identity) or first_sign_in(identity)
    user = follow_email(account, identity, now)
    if identity.groups is not None:
        user = directory.set_claim_groups(user, identity.groups, None, now)
    return user, account


def lock(identity: Identity) -> None:
    """All rows that the transaction may need, at once and in the order of their keys: whom the identity is about, and the administrators,
    since the role may change."""
    mine = Q(socialaccount__provider=identity.provider, socialaccount__uid=identity.subject)
    ids = User.objects.filter(mine | same_address(identity.email)).values_list("pk", flat=True)
    access.lock(None, users=Q(pk__in=list(ids)) | roles.ADMINISTRATORS)


def same_address(email: str) -> Q:
    """Users who have the address, or had it as their username."""
    return Q(username__iexact=email) | Q(email__iexact=email) | Q(former_names__name__iexact=email) if email else access.NOBODY


def connected(identity: Identity) -> SocialAccount | None:
    """The account of this very issuer and subject. Raises SignInRejected for one whose provider has been given another issuer since."""
    account = SocialAccount.objects.filter(provider=identity.provider, uid=identity.subject).select_related("user").first()
    if account is None:
        return None
    if account.extra_data.get("issuer") != identity.issuer:
        raise SignInRejected("issuer", account.user)
    require_may_sign_in(account.user)
    return account


def require_may_sign_in(user: User) -> None:
    if not user.may_sign_in:
        raise SignInRejected("inactive", user)


def first_sign_in(identity: Identity) -> SocialAccount:
    """Connects an invited person, or makes an account. Raises SignInRejected."""
    if not identity.email:
        raise SignInRejected("unverified")
    found = list(User.objects.filter(same_address(identity.email)).distinct().order_by("pk"))
    if not found:
        return connections.make(new_user(identity), identity)
    user = found[0]
    if any(row.deleted_at or not row.is_active for row in found):  # a deletion is not undone by signing in
        raise SignInRejected("inactive", user)
    if len(found) > 1 or not is_waiting(user) or user.email.lower() != identity.email:
        raise SignInRejected("taken", user)
    return connections.make(user, identity)


def is_waiting(user: User) -> bool:
    """Was this person invited, and has never signed in, in whatever way?"""
    return user.status == User.Status.INVITED and not SocialAccount.objects.filter(user=user).exists()


def new_user(identity: Identity) -> User:
    """A person whose username is the verified address. Raises SignInRejected, and IntegrityError if there is one by now."""
    if not config.get("company_sign_in_creates_accounts"):
        raise SignInRejected("unknown")
    try:
        return users.create(identity.email, identity.name, User.Role.USER, None, invite=False)
    except ServiceError as error:
        if User.objects.filter(same_address(identity.email)).exists():
            raise IntegrityError from error  # somebody has just been given the name: look again
        raise SignInRejected("name") from None


def follow_email(account: SocialAccount, identity: Identity, now: datetime) -> User:
    """The user's address becomes the provider's, if that has changed and is nobody else's. Returns the user's row as it is now."""
    user = User.objects.get(pk=account.user_id)
    if not identity.email or identity.email == account.extra_data.get("email"):
        return user
    account.extra_data["email"] = identity.email
    account.save(update_fields=["extra_data"])
    if user.email.lower() == identity.email:
        return user
    try:
        return renaming.rename(user, None, identity.email, None, now)
    except ServiceError:
        audit.event(Event.EMAIL_KEPT, None, user, provider=identity.provider)
        return user
