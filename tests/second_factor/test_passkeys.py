"""Passkeys: as the second step, and in place of the password."""

import json
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from fido2.utils import websafe_encode
from pytest_django import Settings

from portal.audit.models import Entry
from portal.users.models import User
from tests.factories import UserFactory
from tests.pages.visitor import Visitor
from tests.second_factor.device import Passkey
from tests.second_factor.steps import code, factor_types, first_step, give_app, give_passkey, is_signed_in
from tokens.models import Token

BAD_HANDLE = '{"id": "a", "response": {"userHandle": "%"}}'
RUNS_ON = "sqlite"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]


@pytest.fixture(autouse=True)
def by_name(settings: Settings) -> None:
    settings.PORTAL_URL, settings.PORTAL_HOST = "http://localhost:8000", "localhost"


@pytest.fixture
def user() -> User:
    return UserFactory()


def options(visitor: Visitor, name: str) -> dict[str, Any]:
    return json.loads(visitor.send(name).content)


def alone(device: Passkey, visitor: Visitor, **more: str) -> Any:
    return visitor.send("mfa_passkey_sign_in", credential=device.get(options(visitor, "mfa_sign_in_options")), **more)


def test_a_passkey_is_added_on_its_page_and_brings_recovery_codes(user: User) -> None:
    visitor, device = Visitor(user), Passkey()
    credential = device.create(options(visitor, "mfa_new_passkey_options"))
    page = visitor.send("mfa_add_passkey", name="Phone", credential=credential)
    assert page.status_code == 200
    assert b"recovery-codes" in page.content
    assert factor_types(user) == ["recovery_codes", "webauthn"]
    assert b"Phone" in visitor.get(reverse("mfa_index")).content
    assert is_signed_in(visitor), "adding a factor keeps the session"
    again = visitor.send("mfa_add_passkey", name="Phone", credential=credential)
    assert again.status_code == 422, "a response counts once"


def test_a_passkey_alone_signs_in_and_leads_on(user: User) -> None:
    device, visitor = give_passkey(user), Visitor()
    before = options(visitor, "mfa_sign_in_options")["publicKey"]
    assert (before["rpId"], before["userVerification"], before.get("allowCredentials")) == ("localhost", "required", None)
    assert alone(device, visitor, next="/profile/")["Location"] == "/profile/"
    assert is_signed_in(visitor)
    assert Token.objects.filter(user=user).count() == 1


def test_a_passkey_is_the_second_step_after_the_password(user: User) -> None:
    device = give_passkey(user, verified=False)
    visitor = first_step(user)
    visitor.send("mfa_authenticate", credential=device.get(options(visitor, "mfa_step_options")))
    assert is_signed_in(visitor)


@pytest.mark.parametrize(
    "change",
    [{"verified": False}, {"origin": "https://evil.example.com"}, {"owner": ""}, {"owner": "enp6eno"}, {"id": b"another-credential"}],
)
def test_a_response_that_does_not_fit_signs_nobody_in(change: dict[str, Any], user: User) -> None:
    device, visitor = give_passkey(user), Visitor()
    for name, value in change.items():
        setattr(device, name, value)
    assert alone(device, visitor).status_code == 422
    assert not is_signed_in(visitor)


@pytest.mark.parametrize(
    "response", ["", "null", "[]", "{}", "[" * 15_000, '{"response": 1}', '{"id": "a", "response": {"userHandle": "%"}}']
)
def test_what_is_no_response_is_rejected(response: str, user: User) -> None:
    give_passkey(user)
    visitor = Visitor()
    options(visitor, "mfa_sign_in_options")
    assert visitor.send("mfa_passkey_sign_in", credential=response).status_code == 422


def test_while_nobody_has_a_passkey_strangers_make_no_session() -> None:
    assert Visitor().send("mfa_sign_in_options").status_code == 404
    assert Visitor().send("mfa_passkey_sign_in", credential="{}").status_code == 422
    assert not Session.objects.exists()


@pytest.mark.parametrize("data", [b"", b"\x5b\x01", b"\x81" * 2000, b"\xa1\x01"])
def test_broken_cbor_is_rejected(data: bytes, user: User) -> None:
    """Extensions that are announced and missing, of a length that is cut off, too deep, without a value."""
    device, visitor = give_passkey(user), Visitor()
    made = json.loads(device.get(options(visitor, "mfa_sign_in_options")))
    made["response"]["authenticatorData"] = websafe_encode(device.data("localhost", 0x80) + data)
    assert visitor.send("mfa_passkey_sign_in", credential=json.dumps(made)).status_code == 422


def test_a_response_counts_once_and_for_its_own_question(user: User) -> None:
    device, visitor = give_passkey(user), Visitor()
    response = device.get(options(visitor, "mfa_sign_in_options"))
    stranger = Visitor()
    options(stranger, "mfa_sign_in_options")
    assert stranger.send("mfa_passkey_sign_in", credential=response).status_code == 422
    visitor.send("mfa_passkey_sign_in", credential=response)
    assert is_signed_in(visitor)
    visitor.send("account_logout")
    assert visitor.send("mfa_passkey_sign_in", credential=response).status_code == 422


def test_the_signature_of_another_users_passkey_is_no_sign_in(user: User) -> None:
    mine, other = give_passkey(user), UserFactory()
    theirs = give_passkey(other)
    mine.owner = theirs.owner
    visitor = Visitor()
    assert alone(mine, visitor).status_code == 422
    step = first_step(other)
    assert step.send("mfa_authenticate", credential=mine.get(options(step, "mfa_step_options"))).status_code == 422
    assert not is_signed_in(step)


def test_an_inactive_user_is_not_signed_in_by_a_passkey(user: User) -> None:
    device, visitor = give_passkey(user), Visitor()
    User.objects.update(is_active=False)
    assert alone(device, visitor).status_code == 422
    assert not is_signed_in(visitor)


def test_one_key_belongs_to_one_account(user: User) -> None:
    device, other = give_passkey(user), Visitor(UserFactory())
    credential = device.create(options(other, "mfa_new_passkey_options"))
    assert other.send("mfa_add_passkey", name="mine", credential=credential).status_code == 422
    assert factor_types(other.user) == []


def test_the_sign_in_page_offers_a_passkey_once_somebody_has_one(user: User, settings: Settings) -> None:
    assert b"passkey" not in Visitor().get(reverse("account_login")).content
    give_passkey(user)
    assert b"Sign in with a passkey" in Visitor().get(reverse("account_login")).content
    settings.PORTAL_HOST = "127.0.0.1"
    assert b"passkey" not in Visitor().get(reverse("account_login")).content


def test_a_passkey_is_renamed_and_removed_by_its_owner_alone(user: User) -> None:
    give_passkey(user)
    visitor, pk = Visitor(user), user.authenticator_set.get(type="webauthn").pk
    visitor.send("mfa_rename_passkey", pk, name="Old laptop")
    assert b"Old laptop" in visitor.get(reverse("mfa_index")).content
    assert visitor.send("mfa_rename_passkey", pk, name="").status_code == 422
    assert Visitor(UserFactory()).send("mfa_remove", pk).status_code == 404
    visitor.send("mfa_remove", pk)
    assert factor_types(user) == [], "the recovery codes go with the last factor"


def test_confirming_by_passkey_or_code_is_enough(user: User) -> None:
    give_app(user)
    device, visitor = give_passkey(user), Visitor(user)
    for answer in ({"credential": device.get(options(visitor, "mfa_confirm_options"))}, {"code": code()}):
        session = visitor.session
        session["confirmed_at"] = 0
        session.save()
        assert visitor.get(reverse("mfa_add_totp"))["Location"].startswith(reverse("account_reauthenticate"))
        assert visitor.send("account_reauthenticate", next=reverse("mfa_add_totp"), **answer)["Location"] == reverse("mfa_add_totp")
        assert visitor.get(reverse("mfa_add_totp")).status_code == 200


def test_failed_second_steps_fill_no_audit_trail(user: User) -> None:
    give_passkey(user)
    visitor = first_step(user)
    for _ in range(20):
        assert visitor.send("mfa_authenticate", credential="{}").status_code == 422
    entries = Entry.objects.filter(event="factor_failed")
    assert (len(entries), sum(entry.count for entry in entries)) == (2, 20)
