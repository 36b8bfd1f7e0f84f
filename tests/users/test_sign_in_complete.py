"""What every completed sign-in passes, by whatever methods."""

from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest
from django.test import RequestFactory

from portal.audit.models import Entry
from portal.users import session_store, sign_in_methods
from portal.users.models import User
from portal.users.signals import signed_in
from tests.factories import PASSWORD, ServiceFactory, UserFactory
from tests.pages.visitor import Visitor
from tokens.models import Token

pytestmark = pytest.mark.django_db


@pytest.fixture
def completed() -> Any:
    """The users whose sign-ins were announced, each with the number of temporary tokens of that moment."""
    users: list[tuple[User, int]] = []

    def receive(sender: Any, user: User, **kwargs: Any) -> None:
        users.append((user, Token.objects.active(user.created_at).filter(user=user).count()))

    signed_in.connect(receive)
    yield users
    signed_in.disconnect(receive)


def request() -> HttpRequest:
    made = RequestFactory().get("/")
    made.session = session_store.SessionStore()
    return made


def test_a_sign_in_and_a_renewed_one_are_announced_with_their_token(completed: list[Any]) -> None:
    user, visitor = UserFactory(), Visitor()
    visitor.send("account_login", login=user.username, password=PASSWORD)
    visitor.send("account_sign_in_again", password=PASSWORD)
    assert completed == [(user, 1), (user, 1)]


def test_the_audit_trail_says_how_somebody_signed_in() -> None:
    user, visitor = UserFactory(), Visitor()
    visitor.send("account_login", login=user.username, password=PASSWORD)
    visitor.send("account_sign_in_again", password=PASSWORD)
    entries = Entry.objects.filter(event="signed_in")
    assert [entry.details["methods"] for entry in entries] == ["password", "password"]


@pytest.mark.parametrize("change", [{"is_active": False}, {"kind": User.Kind.SERVICE}])
def test_a_user_who_may_not_sign_in_any_more_is_stopped_at_the_last_step(change: dict[str, Any], completed: list[Any]) -> None:
    user = UserFactory()
    User.objects.filter(pk=user.pk).update(**change)
    with pytest.raises(ImmediateHttpResponse):
        get_adapter().login(request(), user)
    assert (completed, Token.objects.count()) == ([], 0)


def test_a_service_account_is_stopped_at_the_last_step() -> None:
    with pytest.raises(ImmediateHttpResponse):
        get_adapter().login(request(), ServiceFactory())


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({"method": "password"}, "password"),
        ({"method": "mfa", "type": "totp"}, "totp"),
        ({"method": "socialaccount", "provider": "entra", "uid": "1"}, "company (entra)"),
    ],
)
def test_each_method_has_a_name(record: dict[str, Any], name: str) -> None:
    assert sign_in_methods.name(record) == name
