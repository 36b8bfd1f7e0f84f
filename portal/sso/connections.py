"""The connections between users and their identities at providers."""

from datetime import datetime

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from portal.audit import services as audit
from portal.audit.services import Event
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import Code, ServiceError
from portal.core.template_builtins import provider_name
from portal.directory import claims as directory
from portal.directory import roles
from portal.sso.claims import Identity
from portal.users import local_passwords
from portal.users.models import User
from portal.users.signals import company_account_changed

ONLY_WAY = "This is your only way to sign in."


def make(user: User, identity: Identity, actor: Actor | None = None) -> SocialAccount:
    """Raises IntegrityError if the identity is connected by now."""
    data = {"issuer": identity.issuer, "email": identity.email}
    account = SocialAccount.objects.create(user=user, provider=identity.provider, uid=identity.subject, extra_data=data)
    audit.event(Event.COMPANY_CONNECTED, actor, user, provider=identity.provider)
    return account


def connect(user: User, identity: Identity, actor: Actor, now: datetime) -> None:
    """A signed-in user connects an identity to the own account. Raises ServiceError, PermissionDenied."""
    try:
        with transaction.atomic():
            access.lock(actor, *access.EVERYBODY, users=roles.ADMINISTRATORS)  # all at once: the role may change
            make(user, identity, actor)
            announce(user, actor, now, "connected", identity.provider)
            if identity.groups is not None:
                directory.set_claim_groups(user, identity.groups, actor, now)
    except IntegrityError:
        owner = SocialAccount.objects.filter(provider=identity.provider, uid=identity.subject).values_list("user_id", flat=True).first()
        if owner != user.pk:
            message = "This company account is already connected to another user. Sign in with it, or ask your administrator."
            raise ServiceError(message, code=Code.CONFLICT) from None


def disconnect(user: User, provider: str, actor: Actor, now: datetime) -> None:
    """Raises ServiceError if nothing is connected or the user could not sign in any more, PermissionDenied."""
    with transaction.atomic():
        row = access.lock(actor, *access.EVERYBODY, users=Q(pk=user.pk) | roles.ADMINISTRATORS)[user.pk]
        mine = SocialAccount.objects.filter(user=row)
        others = mine.exclude(provider=provider).filter(provider__in=settings.SIGN_IN_PROVIDERS).exists()
        if not others and not local_passwords.can_use(row):
            raise ServiceError(ONLY_WAY)
        if not mine.filter(provider=provider).delete()[0]:
            raise ServiceError("This provider is no longer connected.")
        audit.event(Event.COMPANY_DISCONNECTED, actor, row, provider=provider)
        announce(row, actor, now, "disconnected", provider)
        if not others:
            directory.forget_claims(row, actor, now)


def announce(user: User, actor: Actor, now: datetime, change: str, provider: str) -> None:
    """`change`: as in `company_account_changed`."""
    name = provider_name(provider)
    company_account_changed.send(sender=SocialAccount, user=user, actor=actor, now=now, change=change, provider=name)
