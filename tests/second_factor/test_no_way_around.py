"""No sequence of requests reaches a session of a user with a second factor unless it shows that factor."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.factories import PASSWORD, UserFactory
from tests.pages.visitor import Visitor
from tests.second_factor.device import Passkey
from tests.second_factor.steps import code, give_app, give_passkey, is_signed_in
from tokens.models import Token

RUNS_ON = "sqlite"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]
FACTOR = "code"
REQUESTS = [
    *("password", "wrong password", "wrong code", "others code", "strangers passkey", "others sign-in", "sign out", "cancel", "again"),
    *("confirm", "confirm with code", "step options", "sign-in options", "passkey of another for the step", "pages", "reset", FACTOR),
]


@pytest.fixture(scope="module")
def strangers_key() -> Passkey:
    return Passkey()


def play(visitor: Visitor, request: str, user: Any, other: Any, theirs: Passkey, strange: Passkey) -> None:
    def answer(device: Passkey, url: str, to: str) -> None:
        response = visitor.send(url)
        if response.status_code == 200:
            visitor.send(to, credential=device.get(json.loads(response.content)))

    send = {
        "password": lambda: visitor.send("account_login", login=user.username, password=PASSWORD),
        "wrong password": lambda: visitor.send("account_login", login=user.username, password="wrong"),
        "wrong code": lambda: visitor.send("mfa_authenticate", code="000000"),
        "others code": lambda: visitor.send("mfa_authenticate", code=code(secret="A" * 32)),
        "strangers passkey": lambda: answer(strange, "mfa_sign_in_options", "mfa_passkey_sign_in"),
        "others sign-in": lambda: answer(theirs, "mfa_sign_in_options", "mfa_passkey_sign_in"),
        "sign out": lambda: visitor.send("account_logout"),
        "cancel": lambda: visitor.send("mfa_cancel"),
        "again": lambda: visitor.send("account_sign_in_again", password=PASSWORD),
        "confirm": lambda: visitor.send("account_reauthenticate", password=PASSWORD),
        "confirm with code": lambda: visitor.send("account_reauthenticate", code="000000"),
        "step options": lambda: visitor.send("mfa_step_options"),
        "sign-in options": lambda: visitor.send("mfa_sign_in_options"),
        "passkey of another for the step": lambda: answer(theirs, "mfa_step_options", "mfa_authenticate"),
        "pages": lambda: [visitor.get(path) for path in ("/", "/profile/", "/accounts/sign-in/second-step/", "/accounts/two-factor/app/")],
        "reset": lambda: visitor.send("account_reset_password", email=user.email),
        FACTOR: lambda: visitor.send("mfa_authenticate", code=code()),
    }
    send[request]()


@pytest.mark.field
@examples(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=7))
def test_no_sequence_of_requests_signs_in_without_the_factor(requests: list[str], strangers_key: Passkey) -> None:
    user, other, visitor = UserFactory(), UserFactory(), Visitor()
    give_app(user)
    theirs = give_passkey(other)
    for request in requests:
        play(visitor, request, user, other, theirs, strangers_key)
        mine = is_signed_in(visitor) and visitor.session["_auth_user_id"] == str(user.pk)
        assert not mine or FACTOR in requests
        assert FACTOR in requests or not Token.objects.filter(user=user).exists()


def test_the_sequence_with_the_factor_signs_in(strangers_key: Passkey) -> None:
    user, other, visitor = UserFactory(), UserFactory(), Visitor()
    give_app(user)
    for request in ("password", FACTOR):
        play(visitor, request, user, other, strangers_key, strangers_key)
    assert is_signed_in(visitor)
    assert Token.objects.filter(user=user).count() == 1
