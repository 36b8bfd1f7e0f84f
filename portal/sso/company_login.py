"""What django-allauth signs in with: a verified identity, whichever way it came."""

from typing import Any, Self

from allauth.socialaccount.models import SocialAccount, SocialLogin

from portal.sso.claims import Identity
from portal.users.models import User


class CompanyLogin(SocialLogin):
    """A sign-in whose user the adapter finds (accounts.py)."""

    identity: Identity

    @classmethod
    def of(cls, identity: Identity, provider: Any = None) -> Self:
        login = cls(user=User(), account=SocialAccount(provider=identity.provider, uid=identity.subject), provider=provider)
        login.identity = identity
        return login

    def lookup(self) -> None:
        """django-allauth's would store what it has found of the account before anybody has compared it."""
        self._did_authenticate_by_email = None
