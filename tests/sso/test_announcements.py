"""Company accounts that are connected and disconnected are announced to the user by email."""

import pytest
from django.utils import timezone

from portal.core.actors import Actor
from portal.notifications.models import Message
from portal.sso import connections
from portal.sso.claims import Identity
from tests.factories import UserFactory

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db


def test_connecting_and_disconnecting_a_company_account_is_announced() -> None:
    user, now = UserFactory(), timezone.now()
    actor = Actor(user)
    connections.connect(user, Identity("entra", "https://issuer.example", "subject-1", user.email, "Bob", None), actor, now)
    connections.disconnect(user, "entra", actor, now)
    facts = [message.about["facts"][0] for message in Message.objects.filter(kind="sign_in_method", recipient=user.email).order_by("pk")]
    assert facts == [["Change", "Connected: entra"], ["Change", "Disconnected: entra"]]
