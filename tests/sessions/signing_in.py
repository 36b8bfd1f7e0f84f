"""Signing in through the page, with a device and an address."""

from datetime import datetime

from django.conf import settings
from django.test import Client
from django.utils import timezone

from portal.sessions.models import SignIn
from portal.users.models import User
from tests.factories import PASSWORD
from tests.pages.visitor import Visitor

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile Safari/604.1"
ANOTHER = "another-correct-horse"


def sign_in(user: User, agent: str = FIREFOX, address: str = "192.0.2.7") -> Visitor:
    visitor = Visitor(headers={"user-agent": agent}, REMOTE_ADDR=address)
    visitor.user = user
    assert visitor.send("account_login", login=user.username, password=PASSWORD).status_code == 302
    return visitor


def key_of(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def active(user: User, now: datetime | None = None) -> list[SignIn]:
    return list(SignIn.objects.active(User.objects.get(pk=user.pk), now or timezone.now()))
