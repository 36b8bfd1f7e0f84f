"""The ways in which a user's session ends, and with it the temporary token that a program got from it."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from portal.core.actors import Actor
from portal.users import services as users
from portal.users.models import User
from tests.factories import AdministratorFactory
from tests.pages.visitor import Visitor
from tokens.models import Token

SECOND = timedelta(seconds=1)


def sign_out(visitor: Visitor) -> None:
    visitor.post(reverse("account_logout"))


def change_password(visitor: Visitor) -> None:
    visitor.user.set_password("another one of some length")
    visitor.user.save()


def deactivate(visitor: Visitor) -> None:
    users.deactivate(visitor.user, Actor(AdministratorFactory()))


def deactivate_by_update(visitor: Visitor) -> None:
    User.objects.filter(pk=visitor.user.pk).update(is_active=False)


def end_token(visitor: Visitor) -> None:
    now = timezone.now()
    Token.objects.update(created_at=now - 2 * SECOND, expires_at=now - SECOND)


SESSION_ENDS = [sign_out, change_password, deactivate, deactivate_by_update, end_token]
