"""Sample data for the browser tests: every kind of record, and texts that do not fit easily."""

from datetime import timedelta

from django.utils import timezone

import settings_app.services as config
from portal.core.actors import Actor
from portal.users.models import User
from tests.factories import ServiceFactory, TokenFactory, UserFactory
from tokens import services
from tokens.expiry.scan import scan

LONG = "a-name-that-is-as-long-as-the-portal-lets-it-be-" * 2


def create_sample_data(administrator: User) -> User:
    """Creates every kind of record, and texts that do not fit easily. Returns a user with tokens in every state."""
    now = timezone.now()
    owner = UserFactory(username="bernadette.with-a-long-name@department.example.com", display_name="Bernadette Long-Name")
    ServiceFactory(username="github-actions")
    UserFactory(username="gone@example.com", is_active=False)
    for user in (owner, administrator):
        TokenFactory(user=user, name=LONG, expires_at=now + timedelta(days=5), last_used_at=now)
        TokenFactory.create_batch(4, user=user)
        TokenFactory(user=user, name="ended", created_at=now - timedelta(days=9), expires_at=now - timedelta(days=1))
        services.revoke(TokenFactory(user=user, name="taken-back"), Actor(administrator), now)
    config.add("token_expiration_days", "30;7;1", Actor(administrator))
    config.add("token_expiration_emails", ";".join(f"someone.{n}@department.example.com" for n in range(9)), Actor(administrator))
    config.add("users_may_create_tokens", "true", Actor(administrator))
    scan(now, "schedule")
    return owner
