"""Somebody floods the sign-in page: the audit trail and the list of faults stay small, and a fault says so until it is over."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from portal.audit.models import Entry
from portal.audit.services import Event
from portal.faults.models import Fault
from portal.users import sign_in_watch, trail
from portal.users.models import Throttle, User
from tests.clock import MINUTE, NOW
from tests.factories import UserFactory
from tests.pages.visitor import Visitor

RUNS_ON = "postgres"
pytestmark = pytest.mark.django_db


def attempt(login: str, address: str) -> None:
    """A failed sign-in, without the password's hash, which would take half a second."""
    request = RequestFactory(REMOTE_ADDR=address, headers={"User-Agent": "flood"}).post("/accounts/sign-in/")
    request.session, request.user = Visitor().session, AnonymousUser()
    trail.failed(User, request, login)


def rows() -> int:
    return Entry.objects.filter(event=Event.SIGN_IN_FAILED).count()


def test_a_flood_of_unknown_names_writes_a_bounded_number_of_rows_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "ROWS", 20)
    total = 100
    for number in range(total):
        attempt(f"name{number}", f"198.51.100.{number % 250}")
        attempt(f"name{number}", "198.51.100.1")
    assert rows() <= 2 * (20 + 1), "each, and its repetitions"
    counts = Entry.objects.filter(event=Event.SIGN_IN_FAILED).values_list("count", flat=True)
    assert sum(counts) == 2 * total
    user = UserFactory()
    attempt(user.username, "198.51.100.1")
    assert Entry.objects.filter(target_id=str(user.pk), event=Event.SIGN_IN_FAILED).count() == 1, "not drowned"


def test_throttled_attempts_write_nothing_once_the_first_is_recorded() -> None:
    UserFactory(username="olga@example.com")

    def state() -> tuple[list[object], int, list[object]]:
        return (
            list(Entry.objects.order_by("pk").values_list("count", "details")),
            Fault.objects.count(),
            list(Throttle.objects.order_by("key").values_list("key", "attempts")),
        )

    visitor = Visitor(REMOTE_ADDR="203.0.113.9")
    statuses = [visitor.send("account_login", login="olga@example.com", password="wrong").status_code for _ in range(130)]
    assert statuses.count(200) == 5
    before = state()
    for _ in range(20):
        visitor.send("account_login", login="olga@example.com", password="wrong")
    assert state() == before
    assert sorted(Fault.objects.values_list("resource", flat=True)) == ["Account olga@example.com", "All accounts"]


def test_a_burst_raises_one_fault_that_clears_when_it_is_quiet() -> None:
    user = UserFactory(username="olga@example.com")
    for _ in range(20):
        sign_in_watch.count(user.username, NOW)
    assert not Fault.objects.exists()
    for _ in range(20):
        sign_in_watch.count("Olga@example.com", NOW + MINUTE)
    fault = Fault.objects.get()
    assert (fault.source, fault.resource, fault.state) == ("sign-in", "Account olga@example.com", "Open")
    assert sign_in_watch.clear_quiet(NOW + 19 * MINUTE) == 0
    sign_in_watch.count(user.username, NOW + 15 * MINUTE)
    assert sign_in_watch.clear_quiet(NOW + 34 * MINUTE) == 0, "an attempt in between"
    assert sign_in_watch.clear_quiet(NOW + 36 * MINUTE) == 1
    assert Fault.objects.open().count() == 0


def test_a_burst_at_unknown_accounts_raises_one_fault_that_repeats_nothing_that_was_typed() -> None:
    for number in range(101):
        sign_in_watch.count(f"secret-{number}", NOW)
    fault = Fault.objects.get()
    assert fault.resource == "All accounts"
    assert "secret" not in f"{fault.resource} {fault.description} {fault.links} {fault.key}"


def test_whoever_tries_every_account_does_not_fill_the_list_of_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in_watch, "OF_ACCOUNT", sign_in_watch.Rate("tests", 1, sign_in_watch.WINDOW))
    for number in range(sign_in_watch.MOST_ACCOUNTS + 10):
        user = UserFactory(username=f"person-{number}@example.com", password="!")
        for _ in range(2):
            sign_in_watch.count(user.username, NOW)
    assert Fault.objects.exclude(resource="All accounts").count() == sign_in_watch.MOST_ACCOUNTS


@pytest.mark.parametrize("typed", ["\0", "x\0y", "x" * 5000, "\ud7ff", "tpp_" + "a" * 38])
def test_whatever_is_typed_is_counted(typed: str) -> None:
    attempt(typed, "198.51.100.1")
    sign_in_watch.count(typed, NOW)
    assert rows() == 1
