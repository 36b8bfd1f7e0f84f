"""What the pages show of the providers: the buttons of the sign-in page, and the card *Sign-in methods* in Profile."""

from typing import NamedTuple

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.urls import reverse

from portal.users.company import Option
from portal.users.models import User


class Method(NamedTuple):
    """A provider in Profile. `email`: the address that it gave, if the user has connected it."""

    id: str
    name: str
    connected: bool
    email: str


def options(user: User | None) -> list[Option]:
    """As `portal.users.company.options`."""
    listed = [method.id for method in of_user(user) if method.connected] if user else list(settings.SIGN_IN_PROVIDERS)
    return [Option(settings.SIGN_IN_PROVIDERS[each].name, reverse("openid_connect_login", args=[each])) for each in listed]


def of_user(user: User) -> list[Method]:
    """Without providers: an empty list, by no query."""
    if not settings.SIGN_IN_PROVIDERS:
        return []
    accounts = {row.provider: row for row in SocialAccount.objects.filter(user=user)}
    return [
        Method(each.id, each.name, each.id in accounts, accounts[each.id].extra_data.get("email", "") if each.id in accounts else "")
        for each in settings.SIGN_IN_PROVIDERS.values()
    ]
