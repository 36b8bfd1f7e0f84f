"""Counting attempts: exact in any span of time and among simultaneous ones, and nothing in the table that can be read."""

import json
from datetime import timedelta

import pytest
from allauth.account import app_settings
from django.conf import settings

from portal.users import throttle
from portal.users.models import Throttle
from portal.users.throttle import Attempt, Rate, Throttled
from tests.clock import NOW
from tests.racing import race
from tokens import tasks

RATE = Rate("tests", 3, timedelta(minutes=1))
SECOND = timedelta(seconds=1)


def take(seconds: float = 0, subject: str = "x", rate: Rate = RATE) -> Attempt:
    return throttle.hit(rate, subject, NOW + seconds * SECOND)


def wait(seconds: float, subject: str = "x") -> int:
    """The seconds after which a rejected attempt may be made again."""
    with pytest.raises(Throttled) as error:
        take(seconds, subject)
    return error.value.retry_after


@pytest.mark.django_db
def test_no_span_of_a_minute_has_more_than_three_attempts() -> None:
    for seconds in (0, 50, 59):
        take(seconds)
    assert wait(59.5) == 1
    take(60)
    assert wait(60.5) == 50
    assert wait(109) == 1
    take(110)


@pytest.mark.django_db
def test_each_subject_and_each_action_has_its_own_count() -> None:
    for _ in range(3):
        take()
    assert wait(1) == 59
    take(1, "y")
    take(1, rate=Rate("others", 3, RATE.period))


@pytest.mark.django_db
def test_a_rejected_attempt_makes_the_wait_no_longer() -> None:
    for _ in range(3):
        take()
    assert [wait(seconds) for seconds in range(1, 60)] == list(range(59, 0, -1))
    take(60)


@pytest.mark.django_db
def test_an_attempt_given_back_makes_room_for_one_other() -> None:
    attempts = [take(seconds) for seconds in (0, 1, 2)]
    throttle.give_back(attempts[1:2])
    take(3)
    assert wait(4) == 56
    throttle.give_back(attempts[1:2])  # twice changes nothing
    wait(4)


@pytest.mark.django_db
def test_clocks_that_differ_do_not_let_more_through_and_a_clock_set_back_locks_nobody_out() -> None:
    for seconds in (1, 2, 3):
        take(seconds)
    wait(0)  # a host that is behind
    for seconds in (100_000, 100_001, 100_002):
        take(seconds, "ahead")
    take(0, "ahead")


@pytest.mark.django_db
def test_the_table_holds_no_address_and_no_name() -> None:
    take(0, "alice@example.com")
    take(0, "192.0.2.1")
    stored = json.dumps(list(Throttle.objects.values("key", "attempts")))
    assert "alice" not in stored
    assert "192.0.2" not in stored
    assert all(len(row.key) == 64 for row in Throttle.objects.all())


@pytest.mark.django_db
def test_the_daily_clean_up_deletes_what_no_longer_counts(time_machine: object) -> None:
    time_machine.move_to(NOW)
    take(0, "old")
    take(100, "young")
    time_machine.move_to(NOW + 90 * SECOND)
    tasks.clean_up()
    assert Throttle.objects.get().key == throttle.key_of(RATE, "young")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("used", [0, 1])
def test_of_20_simultaneous_attempts_exactly_three_are_let_through(used: int) -> None:
    for _ in range(used):
        take()
    results = race(*[take] * 20)
    assert sorted(type(result).__name__ for result in results) == ["Attempt"] * (3 - used) + ["Throttled"] * (17 + used)


@pytest.mark.django_db(transaction=True)
def test_attempts_given_back_at_the_same_time_are_all_uncounted() -> None:
    rate = Rate("tests", 20, timedelta(minutes=1))
    attempts = race(*[lambda n=n: take(n / 100, rate=rate) for n in range(20)])
    race(*[lambda attempt=attempt: throttle.give_back([attempt]) for attempt in attempts])
    assert Throttle.objects.get().attempts == []


@pytest.mark.django_db(transaction=True)
def test_cleaning_up_meanwhile_loses_no_attempt() -> None:
    Throttle.objects.create(key=throttle.key_of(RATE, "x"), ends_at=NOW - SECOND)
    results = race(*[take] * 10, *[lambda: throttle.clean_up(NOW)] * 10)
    assert [type(result).__name__ for result in results[:10]].count("Attempt") == 3


def test_what_django_allauth_limits_is_limited_here() -> None:
    """Its limits count in Django's cache, so another of its apps would need limits of ours first. Of `mfa` and `socialaccount` no form is
    used."""
    apps = {app for app in settings.INSTALLED_APPS if app.startswith("allauth")}
    assert apps == {"allauth", "allauth.account", "allauth.mfa", "allauth.socialaccount"}
    assert {action for action, rates in app_settings.RATE_LIMITS.items() if not rates} == set(settings.ACCOUNT_RATE_LIMITS)
    not_offered = {"change_phone", "manage_email", "signup", "request_login_code", "confirm_email", "verify_phone"}
    counted_by_the_adapter = {"login_failed"}
    assert set(app_settings.RATE_LIMITS) == {*settings.ACCOUNT_RATE_LIMITS, *not_offered, *counted_by_the_adapter}
