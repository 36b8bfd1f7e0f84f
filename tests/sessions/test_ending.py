"""Ending sessions: one's own and, for administrators, anybody's. The temporary token ends with its session."""

from typing import Any

import pytest
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import Entry
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.sessions import services
from portal.sessions.models import SignIn
from portal.users.adapter import AccountAdapter
from portal.users.models import User
from portal.users.session_store import SessionStore, stored
from tests.checks import verification_result
from tests.factories import AdministratorFactory, OperatorFactory, SignInFactory, UserFactory
from tests.pages.visitor import Visitor
from tests.sessions.signing_in import FIREFOX, PHONE, active, key_of, sign_in
from tokens.models import Token
from tokens.verification.verify import RejectionReason

RUNS_ON = "postgres"
pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory()


def token_of(visitor: Visitor) -> str:
    return visitor.post(reverse("tokens:temporary"), headers={"accept": "application/json"}).json()["token"]


def is_signed_in(visitor: Visitor) -> bool:
    return visitor.get(reverse("profile")).status_code == 200


def row_of(visitor: Visitor) -> SignIn:
    return SignIn.objects.get(session_key=stored(key_of(visitor)))


def test_ending_a_session_ends_its_token_in_the_same_act(user: User) -> None:
    visitor, phone = sign_in(user), sign_in(user, PHONE)
    mine, other = token_of(visitor), token_of(phone)
    response = visitor.post(reverse("sessions:end_own", args=[row_of(phone).pk]), follow=True)
    assert "Session ended: Safari on iPhone." in response.content.decode()
    assert verification_result(other, timezone.now()) is RejectionReason.REVOKED
    assert isinstance(verification_result(mine, timezone.now()), Token)
    assert not is_signed_in(phone)
    assert is_signed_in(visitor)
    assert [row.device for row in active(user)] == ["Firefox on Linux"]
    token = Token.objects.exclude(revoked_at=None).get()
    assert token.revoked_by == user


def test_the_end_is_in_the_audit_trail_without_a_key(user: User) -> None:
    visitor, phone = sign_in(user), sign_in(user, PHONE)
    row = row_of(phone)
    services.end(row, Actor(user), timezone.now())
    entry = Entry.objects.latest("pk")
    assert (entry.actor, entry.target_name) == (user, user.username)
    assert entry.event == "session_ended"
    assert entry.details["device"] == "Safari on iPhone"
    signed_in = Entry.objects.filter(event="signed_in").latest("pk")
    assert entry.details["ended_session"] == signed_in.credential_id
    assert key_of(phone) not in str(Entry.objects.values_list())
    assert is_signed_in(visitor)


def test_a_session_that_has_ended_cannot_be_ended_again(user: User) -> None:
    row = row_of(sign_in(user))
    services.end(row, Actor(user), timezone.now())
    entries = Entry.objects.count()
    with pytest.raises(ServiceError, match="already ended"):
        services.end(row, Actor(user), timezone.now())
    with pytest.raises(ServiceError, match="already ended"):
        services.end(SignInFactory(user=user), Actor(user), timezone.now())
    assert Entry.objects.count() == entries


def test_all_others_end_and_the_current_session_stays(user: User) -> None:
    visitor, others, stranger = sign_in(user), [sign_in(user, PHONE) for _ in range(3)], sign_in(UserFactory())
    response = visitor.post(reverse("sessions:end_others"), follow=True)
    assert "3 sessions ended." in response.content.decode()
    assert not any(map(is_signed_in, others))
    assert is_signed_in(visitor)
    assert is_signed_in(stranger)
    assert Token.objects.filter(user=user, revoked_at=None).count() == 1


def test_all_others_include_sessions_without_a_row(user: User) -> None:
    visitor, other, stranger = sign_in(user), sign_in(user), sign_in(UserFactory())
    text = token_of(other)
    SignIn.objects.exclude(session_key=stored(key_of(visitor))).delete()
    assert services.end_all(user, Actor(user), timezone.now(), keep=stored(key_of(visitor))) == 1
    assert verification_result(text, timezone.now()) is RejectionReason.REVOKED
    assert [is_signed_in(each) for each in (visitor, other, stranger)] == [True, False, True]


def test_ending_the_current_session_signs_out(user: User) -> None:
    visitor = sign_in(user)
    text = token_of(visitor)
    response = visitor.post(reverse("sessions:end_own", args=[row_of(visitor).pk]))
    assert response["Location"] == reverse("account_login")
    assert not is_signed_in(visitor)
    assert verification_result(text, timezone.now()) is RejectionReason.REVOKED
    assert active(user) == []


def test_an_administrator_ends_anybodys_sessions(user: User) -> None:
    one, two, chief = sign_in(user), sign_in(user, PHONE), sign_in(AdministratorFactory())
    chief.post(reverse("sessions:end_one", args=[user.username, row_of(one).pk]))
    assert [is_signed_in(each) for each in (one, two, chief)] == [False, True, True]
    chief.post(reverse("sessions:end_all", args=[user.username]))
    assert [is_signed_in(each) for each in (one, two, chief)] == [False, False, True]
    assert active(user) == []


def test_an_administrators_own_sessions_end_but_for_the_current_one() -> None:
    administrator = AdministratorFactory()
    here, there = sign_in(administrator), sign_in(administrator, PHONE)
    here.post(reverse("sessions:end_all", args=[administrator.username]))
    assert [is_signed_in(each) for each in (here, there)] == [True, False]


def test_a_session_of_somebody_else_is_not_found(user: User) -> None:
    theirs, chief = sign_in(user), sign_in(AdministratorFactory())
    row, other = row_of(theirs), UserFactory()
    assert sign_in(other).post(reverse("sessions:end_own", args=[row.pk])).status_code == 404
    assert chief.post(reverse("sessions:end_own", args=[row.pk])).status_code == 404
    assert chief.post(reverse("sessions:end_one", args=[other.username, row.pk])).status_code == 404
    assert is_signed_in(theirs)


@pytest.mark.parametrize("factory", [UserFactory, OperatorFactory])
def test_the_services_reject_everybody_but_the_user_and_administrators(factory: type[UserFactory], user: User) -> None:
    visitor = sign_in(user)
    for job in (
        lambda actor: services.end(row_of(visitor), actor, timezone.now()),
        lambda actor: services.end_all(user, actor, timezone.now()),
    ):
        with pytest.raises(PermissionDenied):
            job(Actor(factory()))
    assert is_signed_in(visitor)


def test_a_request_in_flight_cannot_bring_an_ended_session_back(user: User) -> None:
    visitor = sign_in(user)
    in_flight = SessionStore(key_of(visitor))
    assert in_flight["_auth_user_id"] == str(user.pk)
    services.end(row_of(visitor), Actor(user), timezone.now())
    with pytest.raises(SessionInterrupted):
        in_flight.cycle_key()
    assert not Session.objects.exists()
    assert active(user) == []


def test_an_ended_session_gets_no_temporary_token(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session ends after its key has changed and before its token is issued."""
    visitor, login = sign_in(user), AccountAdapter.login

    def end_and_log_in(*args: Any) -> None:
        services.end(SignIn.objects.get(), Actor(user), timezone.now())
        login(*args)

    monkeypatch.setattr(AccountAdapter, "login", end_and_log_in)
    assert visitor.send("account_sign_in_again", password="correct-horse-battery").status_code == 400
    assert not Session.objects.exists()
    assert not Token.objects.filter(revoked_at=None).exists()


def test_the_page_lists_the_current_session_first_and_ended_ones_below(user: User) -> None:
    visitor = sign_in(user)
    sign_in(user, PHONE).get(reverse("profile"))
    sign_in(user, "curl/8.5.0").post(reverse("account_logout"))
    page = visitor.see("sessions:own")
    active_rows, ended_rows = page.all("tbody")
    assert "Firefox on Linux" in active_rows.all("tr")[0].text
    assert "This session" in active_rows.all("tr")[0].text
    assert "Safari on iPhone" in active_rows.all("tr")[1].text
    assert [row.all("td")[1].text for row in ended_rows.all("tr")] == ["192.0.2.7"]


def test_what_a_browser_calls_itself_is_no_markup(user: User) -> None:
    sign_in(user, "<script>alert(1)</script>")
    assert "<script>alert" not in sign_in(user, FIREFOX).get(reverse("sessions:own")).content.decode()
