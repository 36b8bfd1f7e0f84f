"""Sessions that are ended while requests in them are being served, on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import Entry
from portal.core.actors import Actor, SessionCredential
from portal.core.errors import ServiceError
from portal.sessions import services
from portal.sessions.models import SignIn
from portal.users.models import User
from portal.users.session_store import SessionStore
from tests.factories import PASSWORD, AdministratorFactory
from tests.racing import race, widen
from tests.sessions.signing_in import ANOTHER, PHONE, active, key_of, sign_in
from tokens import services as tokens
from tokens.models import Token

pytestmark = pytest.mark.django_db(transaction=True)


def ending(row: SignIn, actor: Actor) -> Callable[[], Any]:
    def job() -> str:
        try:
            services.end(row, actor, timezone.now())
        except ServiceError:
            return "already"
        return "ended"

    return job


def test_of_two_who_end_a_session_at_once_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    user, chief = AdministratorFactory(), AdministratorFactory()
    sign_in(user)
    row = SignIn.objects.get()
    widen(monkeypatch, Session, "get_decoded", 0.05)
    assert sorted(race(ending(row, Actor(user)), ending(row, Actor(chief)))) == ["already", "ended"]
    assert Entry.objects.filter(event="session_ended").count() == 1


@pytest.mark.parametrize("attempt", range(2))
def test_a_session_that_ends_issues_no_token_after_its_end(attempt: int, monkeypatch: pytest.MonkeyPatch) -> None:
    user, chief = AdministratorFactory(), AdministratorFactory()
    visitor = sign_in(user)
    session = SessionStore(key_of(visitor))
    session.load()
    actor = Actor(user, SessionCredential.of(session))
    widen(monkeypatch, services, "close", 0.02)
    issued, ended = race(lambda: tokens.issue(user, "deploy", None, actor, timezone.now()), ending(SignIn.objects.get(), Actor(chief)))
    assert ended == "ended"
    trail = [entry.event for entry in Entry.objects.filter(actor__in=[user, chief]).order_by("pk")]
    if isinstance(issued, Exception):
        assert isinstance(issued, PermissionDenied)
        assert not Token.objects.permanent().exists()
    else:
        assert trail.index("token.created") < trail.index("session_ended")
    with pytest.raises(PermissionDenied):
        tokens.issue(user, "later", None, actor, timezone.now())


@pytest.mark.parametrize("attempt", range(2))
@pytest.mark.parametrize("act", ["sign in again", "change password"])
def test_a_request_that_gives_the_session_another_key_does_not_outlive_its_end(act: str, attempt: int) -> None:
    user, chief = AdministratorFactory(), AdministratorFactory()
    visitor = sign_in(user)
    row = SignIn.objects.get()

    def request() -> int:
        if act == "sign in again":
            return visitor.send("account_sign_in_again", password=PASSWORD).status_code
        return visitor.send("account_change_password", oldpassword=PASSWORD, password1=ANOTHER, password2=ANOTHER).status_code

    status, ended = race(request, ending(row, Actor(chief)))
    assert status in (302, 400, 403)
    assert ended == "ended"
    assert active(User.objects.get(pk=user.pk)) == []
    assert not Session.objects.exists()
    assert not Token.objects.filter(revoked_at=None).exists()
    assert visitor.get(reverse("profile")).status_code == 302


def test_ending_all_and_one_at_once_end_each_session_once() -> None:
    user = AdministratorFactory()
    for _ in range(4):
        sign_in(user, PHONE)
    rows = list(SignIn.objects.all())
    results = race(*(ending(row, Actor(user)) for row in rows), lambda: services.end_all(user, Actor(user), timezone.now()))
    assert results[:-1].count("ended") + results[-1] == 4
    assert Entry.objects.filter(event="session_ended").count() == 4
    assert not Session.objects.exists()
    assert not Token.objects.filter(revoked_at=None).exists()
