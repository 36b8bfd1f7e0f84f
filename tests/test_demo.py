"""`manage.py seed_demo`: something to look at in every state, once, and never in a portal that somebody works with."""

import re
from collections import Counter
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.demo import crowd as demo_crowd
from portal.demo import story as demo
from portal.faults.models import Fault
from portal.notifications.models import Message
from portal.users.models import User
from settings_app.models import Config
from tests.factories import UserFactory
from tokens import services
from tokens.models import Token

pytestmark = pytest.mark.django_db


def seed(*arguments: str) -> str:
    """Runs the command (with --yes: on PostgreSQL a DATABASE_URL is set) and returns what it said."""
    out = StringIO()
    call_command("seed_demo", "--yes", *arguments, stdout=out)
    return out.getvalue()


def statuses() -> Counter[str]:
    now = timezone.now()
    return Counter(Token.objects.permanent().with_status(now, services.expiring_before(now)).values_list("status", flat=True))


def rows() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in (User, Token, Fault, Config, Message)}


def test_tokens_stand_in_every_state_and_faults_too() -> None:
    seed()
    assert statuses() == {"active": 9, "expiring": 6, "expired": 3, "revoked": 4}
    assert Token.objects.filter(last_used_at=None).exists()
    assert Counter(fault.state for fault in Fault.objects.all()) == {"Open": 6, "Acknowledged": 1, "Cleared": 1}
    assert set(Fault.objects.values_list("source", flat=True)) == {"token-expiry", "service-account-owner"}
    assert dict(Config.objects.values_list("key", "value")) == demo.CONFIG
    assert Message.objects.filter(kind="expiry_digest", state="queued").count() == 4


def test_nothing_happened_in_the_demo_before_it_could() -> None:
    seed()
    for token in Token.objects.select_related("user"):
        moments = [token.user.created_at, token.created_at, token.last_used_at, token.revoked_at, timezone.now()]
        known = [moment for moment in moments if moment]
        assert known == sorted(known), token
        assert token.last_used_at is None or token.last_used_at < token.expires_at, token


def test_a_second_run_adds_nothing() -> None:
    seed()
    before = rows()
    assert "already exists" in seed()
    assert rows() == before


def test_the_password_that_it_prints_opens_the_portal_for_each_role_and_is_new_each_time(client: Client) -> None:
    passwords = set()
    for _ in range(2):
        said = seed()
        password = re.search(r"with the password (\S+) as", said)[1]
        passwords.add(password)
        for username in (demo.ADMINISTRATOR, demo.OPERATOR, demo.USER):
            assert username in said
            assert client.post(reverse("account_login"), {"login": username, "password": password}).status_code == 302
            client.logout()
    assert len(passwords) == 2


def test_a_portal_with_users_of_its_own_is_left_alone(settings: Any) -> None:
    settings.EMBEDDED = True
    UserFactory()
    with pytest.raises(CommandError, match="already has users"):
        call_command("seed_demo")
    assert User.objects.count() == 1


def test_a_production_database_is_left_alone(settings: Any) -> None:
    settings.EMBEDDED = False
    with pytest.raises(CommandError, match="DATABASE_URL"):
        call_command("seed_demo")
    assert not User.objects.exists()


def test_a_name_that_is_taken_stops_it_before_anything_is_added() -> None:
    UserFactory(username="release-bot")
    with pytest.raises(CommandError, match="A user named release-bot already exists"):
        seed()
    assert not demo.is_there()
    assert not Token.objects.exists()


def test_config_that_is_set_already_is_kept() -> None:
    Config.objects.create(key="token_expiration_days", value="2")
    seed()
    assert Config.objects.get(key="token_expiration_days").value == "2"


def test_it_fills_up_to_the_number_of_users_and_tokens_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_crowd, "BATCH", 40)
    seed("--users", "150", "--tokens", "300")
    before = rows()
    assert (before["User"], before["Token"]) == (150, 300)
    assert min(statuses().values()) > 5, statuses()
    assert User.objects.filter(kind=User.Kind.SERVICE).count() > 20
    seed("--users", "150", "--tokens", "300")
    assert rows() == before
    seed("--tokens", "330")
    assert rows() == before | {"Token": 330}
