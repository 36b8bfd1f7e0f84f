"""A company sign-in of somebody who has a second factor here."""

import pytest
from django.urls import reverse

import settings_app.services as config
from portal.audit.models import Entry
from tests.pages.visitor import Visitor
from tests.second_factor.steps import code, give_app, is_signed_in
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
