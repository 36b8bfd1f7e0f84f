"""What introspection says: until when it may be kept, and the scope."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from portal.oauth import introspection
from portal.oauth.introspection import FRESH_SECONDS, Cap, described
from settings_app import services as config
from settings_app.models import Config
from tests import event_loop
from tests.api.asgi_client import introspect
from tests.factories import AdministratorFactory, issue
from tokens.verification.lookup import Stored

NOW = datetime(2026, 3, 1, 12, 0, 0, 900_000, tzinfo=UTC)
KEY = introspection.CAP_KEY
FIVE_MINUTES = timedelta(minutes=5)


def stored(role: str = "user", left: timedelta = timedelta(days=90)) -> Any:
    token = Stored(*range(15))  # type: ignore[arg-type]
    return token._replace(created_at=NOW, expires_at=NOW + left, role=role)


@pytest.mark.parametrize(
    ("left", "cap", "seconds"),
    [
        (timedelta(days=90), FIVE_MINUTES, 300),
        (timedelta(seconds=20), FIVE_MINUTES, 20),
        (FIVE_MINUTES, FIVE_MINUTES, 300),
        (timedelta(days=90), None, 90 * 86_400),
        (timedelta(seconds=0.05), FIVE_MINUTES, 0),
    ],
)
def test_exp_is_the_tokens_end_or_the_cap_rounded_down(left: timedelta, cap: timedelta | None, seconds: int) -> None:
    assert described(stored(left=left), NOW, cap)["exp"] == int(NOW.timestamp()) + seconds


@pytest.mark.parametrize(
    ("role", "scope"), [("user", "user"), ("operator", "operator user"), ("administrator", "administrator operator user")]
)
def test_the_scope_lists_the_roles_that_a_role_implies(role: str, scope: str) -> None:
    answer = described(stored(role), NOW, None)
    assert (answer["scope"], answer["role"]) == (scope, role)


@pytest.mark.django_db
def test_the_setting_holds_for_introspection_and_zero_lifts_the_cap() -> None:
    token, text = issue()
    _, caller = issue(AdministratorFactory())
    for value, seconds in (("", 300), ("60", 60), ("0", None)):
        if value:
            config.put(KEY, value, None)
        introspection.cap = Cap()
        before = time.time()
        exp = introspect(caller, ("token", text)).json["exp"]
        if seconds is None:
            assert exp == int(token.expires_at.timestamp())
        else:
            assert int(before) + seconds <= exp <= time.time() + seconds


@pytest.mark.django_db
def test_the_setting_is_read_again_after_five_seconds_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    cap, then = Cap(), time.monotonic()
    assert cap.get() == FIVE_MINUTES
    Config.objects.create(key=KEY, value="60")
    monkeypatch.setattr(time, "monotonic", lambda: then + FRESH_SECONDS - 0.1)
    assert cap.get() == FIVE_MINUTES
    monkeypatch.setattr(time, "monotonic", lambda: then + FRESH_SECONDS + 1)
    assert cap.get() == timedelta(seconds=60)


def test_without_a_database_the_last_known_cap_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(key: str) -> Any:
        raise OperationalError

    cap = Cap()
    monkeypatch.setattr(config, "get", fail)
    assert cap.get() == FIVE_MINUTES
    cap.value, cap.read_at = None, float("-inf")
    assert cap.get() is None


def test_in_the_event_loop_one_thread_reads_it_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []

    def slow(key: str) -> int:
        reads.append(key)
        time.sleep(0.2)
        return 60

    async def later(cap: Cap, seconds: float) -> timedelta | None:
        await asyncio.sleep(seconds)
        return await cap.get_in_loop()

    async def many(cap: Cap) -> set[timedelta | None]:
        return set(await asyncio.gather(*[later(cap, n / 500) for n in range(50)]))

    monkeypatch.setattr(config, "get", slow)
    cap = Cap()
    assert event_loop.run(many(cap)) == {timedelta(seconds=60)}
    assert event_loop.run(many(cap)) == {timedelta(seconds=60)}
    assert reads == [KEY]


def test_nobody_waits_long_for_a_database_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(introspection, "MOST_SECONDS", 0.01)
    monkeypatch.setattr(config, "get", lambda key: time.sleep(0.2) or 60)
    assert event_loop.run(Cap().get_in_loop()) == FIVE_MINUTES


def test_a_query_that_hangs_is_waited_for_once_in_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    monkeypatch.setattr(introspection, "MOST_SECONDS", 0.01)
    monkeypatch.setattr(config, "get", lambda key: reads.append(key) or time.sleep(0.2) or 60)

    async def twice(cap: Cap) -> float:
        await cap.get_in_loop()
        began = time.monotonic()
        await cap.get_in_loop()
        return began - cap.read_at

    assert event_loop.run(twice(Cap())) < FRESH_SECONDS
    assert reads == [KEY]
