"""Forgetting company accounts, for people who come back with another one: the provider was replaced, or gave them a new subject."""

from datetime import datetime
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q

from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.errors import ServiceError
from portal.directory import claims as directory
from portal.directory import roles
from portal.users import local_passwords
from portal.users.models import User, new_stamp


def reset(user: User, provider: str | None, now: datetime) -> None:
    """Disconnects the user's company accounts (of `provider`; None: all) and ends the user's sessions. One who has no other way to sign in
    is invited again, without a password: the next company sign-in with the user's verified address is connected. A password is no way
    while passwords are turned off. Raises ServiceError if there is nothing to disconnect."""
    with transaction.atomic():
        row = access.lock(None, users=Q(pk=user.pk) | roles.ADMINISTRATORS)[user.pk]
        mine = SocialAccount.objects.filter(user=row)
        if not (mine.filter(provider=provider) if provider else mine).delete()[0]:
            raise ServiceError(f"{row.username} has no such company account.")
        values: dict[str, Any] = {"session_stamp": new_stamp()}
        if not mine.exists() and not local_passwords.can_use(row):
            values |= {"last_login": None, "password": make_password(None)}
        User.objects.filter(pk=row.pk).update(**values)
        audit.event(audit.Event.COMPANY_DISCONNECTED, None, row, provider=provider or "all")
        if not mine.exists():
            directory.forget_claims(row, None, now)


def connected(provider: str) -> list[User]:
    """Everybody who has connected the provider."""
    return list(User.objects.existing().filter(socialaccount__provider=provider).order_by("pk"))
