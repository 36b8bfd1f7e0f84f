"""A company sign-in of somebody who has a second factor here."""

import json

import pytest
from allauth.socialaccount.models import SocialAccount
from django.urls import reverse
from pytest_django import Settings

import settings_app.services as config
from portal.audit.models import Entry
from portal.faults.models import Fault
from tests.factories import AdministratorFactory
from tests.pages.visitor import Visitor
from tests.second_factor.steps import code, give_app, give_passkey, is_signed_in
from tests.sso.provider import Provider
from tests.sso.test_sign_in import invite
from tests.sso.visiting import sign_in
from tokens.models import Token

RUNS_ON = "sqlite"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("running_clock")]


def test_the_company_is_trusted_to_have_asked_by_default(provider: Provider) -> None:
    give_app(invite())
    visitor, _ = sign_in(provider)
    assert is_signed_in(visitor)


def test_config_asks_for_the_factor_after_it(provider: Provider) -> None:
    user = invite()
    give_app(user)
    config.add("second_factor_after_company_sign_in", "true", None)
    visitor, response = sign_in(provider, next="/profile/")
    assert response["Location"] == reverse("mfa_authenticate")
    assert not is_signed_in(visitor)
    assert not Token.objects.exists()
    assert visitor.send("mfa_authenticate", code=code())["Location"] == "/profile/"
    assert is_signed_in(visitor)
    assert Entry.objects.get(event="signed_in").details["methods"] == "company (acme), totp"


def test_without_a_factor_it_asks_for_none(provider: Provider) -> None:
    invite()
    config.add("second_factor_after_company_sign_in", "true", None)
    visitor: Visitor = sign_in(provider)[0]
    assert is_signed_in(visitor)


def test_a_company_sign_in_that_was_given_up_vouches_for_no_passkey(provider: Provider, settings: Settings) -> None:
    settings.PORTAL_URL, settings.PORTAL_HOST = "http://localhost:8000", "localhost"
    chief = AdministratorFactory(email="ann@example.com")
    passkey = give_passkey(chief)
    SocialAccount.objects.create(user=chief, provider="acme", uid="u-1", extra_data={"issuer": provider.issuer})
    config.add("second_factor_after_company_sign_in", "true", None)
    config.add("emergency_administrator", chief.username, None)
    config.add("local_passwords", "false", None)
    visitor, response = sign_in(provider)
    assert response["Location"] == reverse("mfa_authenticate")
    visitor.send("mfa_passkey_sign_in", credential=passkey.get(json.loads(visitor.send("mfa_sign_in_options").content)))
    assert is_signed_in(visitor)
    assert Fault.objects.filter(source="emergency-sign-in").count() == 1
