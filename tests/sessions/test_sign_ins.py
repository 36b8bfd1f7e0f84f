"""One row for each sign-in, which says where, when and how, and holds nothing that opens a session."""

from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.core.actors import Actor
from portal.sessions import activity
from portal.sessions.models import SignIn
from portal.users import services as users
from portal.users.models import User, new_stamp
from portal.users.session_store import stored
from tests.clock import DAY, MINUTE, SECOND
from tests.factories import PASSWORD, AdministratorFactory, UserFactory
from tests.pages.visitor import Visitor
from tests.sessions.signing_in import ANOTHER, PHONE, active, key_of, sign_in
from tokens.cleanup import clean_up

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory()


def test_a_sign_in_is_listed_with_device_address_and_method(user: User) -> None:
    visitor = sign_in(user)
    (row,) = active(user)
    assert (row.device, row.address, row.method) == ("Firefox on Linux", "192.0.2.7", "Password")
    assert row.signed_in_at == row.last_seen_at
    assert row.session_key == stored(key_of(visitor)) == Session.objects.get().session_key
    assert key_of(visitor) not in str(SignIn.objects.values().get())


def test_a_failed_sign_in_makes_no_row(user: User) -> None:
    Visitor().send("account_login", login=user.username, password="wrong")
    assert not SignIn.objects.exists()


def test_the_usual_page_request_needs_no_further_query_for_it(user: User) -> None:
    visitor = sign_in(user)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        visitor.get(reverse("account_session"))
    assert [query["sql"] for query in queries if "user_sessions" in query["sql"]] == []
    assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []


def test_the_last_use_is_written_once_in_five_minutes(user: User) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        visitor = sign_in(user)
        for seconds in range(0, 610, 61):
            clock.move_to(start + seconds * SECOND)
            visitor.get(reverse("profile"), headers={"user-agent": PHONE}, REMOTE_ADDR="192.0.2.8")
        row = SignIn.objects.get()
    assert row.last_seen_at == start + 305 * SECOND
    assert (row.device, row.address, row.signed_in_at) == ("Safari on iPhone", "192.0.2.8", start)


def test_another_process_that_wrote_the_last_use_is_not_repeated(user: User) -> None:
    visitor = sign_in(user)
    with time_machine.travel(timezone.now() + 6 * MINUTE, tick=False):
        seen = timezone.now() - MINUTE
        SignIn.objects.update(last_seen_at=seen)
        visitor.get(reverse("profile"))
        assert SignIn.objects.get().last_seen_at == seen


def test_a_page_does_not_fail_because_its_use_cannot_be_noted(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = sign_in(user)
    activity._seen.clear()
    monkeypatch.setattr(SignIn.objects, "filter", lambda **kwargs: (_ for _ in ()).throw(DatabaseError))
    assert visitor.get(reverse("account_session")).status_code == 200


def test_too_many_remembered_sessions_are_forgotten(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "MOST_REMEMBERED", 3)
    for number in range(10):
        activity.remember(str(number), timezone.now())
        assert len(activity._seen) <= 3


def test_a_session_from_before_the_upgrade_gets_a_row_when_it_is_used(user: User) -> None:
    visitor = sign_in(user)
    SignIn.objects.all().delete()
    activity._seen.clear()
    assert visitor.get(reverse("profile")).status_code == 200
    (row,) = active(user)
    assert (row.session_key, row.device, row.method) == (stored(key_of(visitor)), "Firefox on Linux", "")


def test_signing_in_again_keeps_one_row(user: User) -> None:
    visitor = sign_in(user)
    first = SignIn.objects.get()
    assert visitor.send("account_sign_in_again", password=PASSWORD).status_code == 302
    (row,) = active(user)
    assert row.pk == first.pk
    assert row.session_key == stored(key_of(visitor)) != first.session_key
    assert row.signed_in_at > first.signed_in_at


def test_a_request_by_token_is_no_use_of_a_session(user: User) -> None:
    visitor = sign_in(user)
    text = visitor.post(reverse("tokens:temporary"), headers={"accept": "application/json"}).json()["token"]
    SignIn.objects.all().delete()
    activity._seen.clear()
    assert visitor.get("/api/v1/whoami", headers={"authorization": f"Bearer {text}"}).status_code == 200
    assert not SignIn.objects.exists()


def test_signing_out_ends_the_row(user: User) -> None:
    visitor, elsewhere = sign_in(user), sign_in(user, PHONE)
    visitor.post(reverse("account_logout"))
    assert [row.session_key for row in active(user)] == [stored(key_of(elsewhere))]
    assert SignIn.objects.get(device="Firefox on Linux").ended_at


def test_a_new_password_ends_all_rows_but_its_own(user: User) -> None:
    visitor, _ = sign_in(user), sign_in(user, PHONE)
    form = {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER}
    assert visitor.send("account_change_password", **form).status_code == 302
    (row,) = active(user)
    assert row.session_key == stored(key_of(visitor))
    assert SignIn.objects.get(device="Safari on iPhone").ended_at
    assert visitor.get(reverse("profile")).status_code == 200


def deactivate(user: User) -> Any:
    users.deactivate(user, Actor(AdministratorFactory()))


def renew_stamp(user: User) -> Any:
    User.objects.filter(pk=user.pk).update(session_stamp=new_stamp())


def expire(user: User) -> Any:
    Session.objects.update(expire_date=timezone.now() - SECOND)


def delete_session(user: User) -> Any:
    Session.objects.all().delete()


@pytest.mark.parametrize("end", [deactivate, renew_stamp, expire, delete_session])
def test_a_session_that_ends_otherwise_is_not_listed_as_active(user: User, end: Any) -> None:
    visitor = sign_in(user)
    end(user)
    assert active(user) == []
    assert visitor.get(reverse("profile")).status_code == 302


def test_rows_are_kept_for_thirty_days_after_the_last_use(user: User) -> None:
    sign_in(user)
    sign_in(user, PHONE).post(reverse("account_logout"))
    now = timezone.now()
    SignIn.objects.update(last_seen_at=now - 31 * DAY)
    Session.objects.update(expire_date=now + DAY)
    clean_up(now)
    assert [row.device for row in SignIn.objects.all()] == ["Firefox on Linux"]
    Session.objects.update(expire_date=now - DAY)
    SignIn.objects.update(last_seen_at=now - 29 * DAY)
    clean_up(now)
    assert SignIn.objects.count() == 1
    clean_up(now + 2 * DAY)
    assert not SignIn.objects.exists()
