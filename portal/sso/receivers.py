"""Receivers of signals of the users app."""

from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.http import HttpRequest
from django.utils import timezone

import settings_app.services as config
from portal.audit import services as audit
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.sso import emergency
from portal.users import local_passwords, sign_in_methods, signals
from portal.users.models import User


def signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    if not local_passwords.are_on() and not sign_in_methods.by_company(request, user):
        emergency.report(user, access.actor_of(request, user), timezone.now())


def renamed(sender: Any, before: str, after: str, **kwargs: Any) -> None:
    """The key follows its user, unless this is no administrator any more: then a fault asks for another one."""
    if config.get(local_passwords.EMERGENCY).lower() == before.lower() and emergency.administrator(after):
        config.put(local_passwords.EMERGENCY, after, None)


def forget_accounts(sender: Any, user: User, actor: Actor | None, **kwargs: Any) -> None:
    """Not at the deletion already: until then, the account of a deleted user is known as such, and makes no new one."""
    if SocialAccount.objects.filter(user=user).delete()[0]:
        audit.event(audit.Event.COMPANY_DISCONNECTED, actor, user, provider="all")


def connect() -> None:
    """Called once, when the app is ready."""
    signals.signed_in.connect(signed_in)
    signals.renamed.connect(renamed)
    signals.name_given_again.connect(forget_accounts)
