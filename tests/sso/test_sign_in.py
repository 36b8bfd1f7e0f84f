"""Sign-in by a real provider: who gets in, as whom, and what hangs on it."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from portal.audit.models import Entry
from portal.sessions.models import SignIn
from portal.users.models import User
from settings_app.models import Config
from tests import clock
from tests.factories import PASSWORD, AdministratorFactory, UserFactory
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tests.sso.conftest import known
from tests.sso.provider import Provider
from tests.sso.visiting import begin, come_back, inside, leads_to, sign_in
from tokens.models import Token

pytestmark = pytest.mark.django_db


def invite(email: str = "ann@example.com", **values: Any) -> User:
    user = UserFactory(username=email, **values)
    user.set_unusable_password()
    user.save()
    return user


def create_accounts() -> None:
    Config.objects.create(key="company_sign_in_creates_accounts", value="true")


def test_an_invited_person_signs_in_and_stays_who_they_are(provider: Provider) -> None:
    user = invite()
    visitor, response = sign_in(provider, next="/profile/?from=here")
    assert (response.status_code, response["Location"]) == (302, "/profile/?from=here")
    assert inside(visitor)
    assert Token.objects.get().user == user
    account = SocialAccount.objects.get()
    assert (account.user, account.provider, account.uid) == (user, "acme", "u-1")
    assert account.extra_data == {"issuer": provider.issuer, "email": "ann@example.com"}
    assert not SocialToken.objects.exists()
    provider.claims["email"] = "ann.married@example.com"
    sign_in(provider)
    user.refresh_from_db()
    assert (user.email, user.username, User.objects.count()) == ("ann.married@example.com", "ann@example.com", 1)


def test_the_audit_trail_says_who_signed_in_and_how(provider: Provider) -> None:
    user = invite()
    sign_in(provider)
    entry = Entry.objects.get(event="signed_in")
    assert (entry.actor, entry.details["methods"]) == (user, "company (acme)")
    assert SignIn.objects.get().method == "Company account (Acme)"


def test_nobody_else_gets_in_unless_accounts_are_created(provider: Provider) -> None:
    visitor, response = sign_in(provider)
    assert (response.status_code, inside(visitor), User.objects.count()) == (403, False, 0)
    assert "no account for ann@example.com" in Page(response).text


def test_an_account_is_created_at_the_first_sign_in_if_config_says_so(provider: Provider) -> None:
    create_accounts()
    visitor, _ = sign_in(provider)
    user = User.objects.get()
    assert (user.username, user.email, user.display_name, user.role) == ("ann@example.com", "ann@example.com", "Ann Example", "user")
    assert (inside(visitor), user.has_usable_password(), user.status) == (True, False, "active")


@pytest.mark.parametrize("verified", [False, "false", None])
def test_an_address_that_is_not_verified_gives_no_account(verified: Any, provider: Provider) -> None:
    create_accounts()
    invite()
    provider.claims["email_verified"] = verified
    visitor, response = sign_in(provider)
    assert (response.status_code, inside(visitor), SocialAccount.objects.count()) == (403, False, 0)


def test_a_provider_without_that_claim_can_be_trusted_with_addresses(provider: Provider, settings: Settings) -> None:
    invite()
    del provider.claims["email_verified"]
    assert sign_in(provider)[1].status_code == 403
    settings.SIGN_IN_PROVIDERS = {"acme": known(provider, trust_email=True)}
    assert inside(sign_in(provider)[0])


def test_addresses_of_other_domains_than_the_provider_s_do_not_count(provider: Provider, settings: Settings) -> None:
    invite()
    settings.SIGN_IN_PROVIDERS = {"acme": known(provider, email_domains=("example.org",))}
    assert sign_in(provider)[1].status_code == 403


@pytest.mark.parametrize("field", ["username", "email"])
def test_an_address_that_belongs_to_somebody_else_takes_nothing_over(field: str, provider: Provider) -> None:
    create_accounts()
    owner = UserFactory(**{field: "Ann@example.com"})
    visitor, response = sign_in(provider)
    assert (response.status_code, inside(visitor)) == (403, False)
    assert "already an account" in Page(response).text
    assert not SocialAccount.objects.exists()
    entry = Entry.objects.get(event="company_rejected")
    assert (entry.target_id, entry.details["reason"]) == (str(owner.pk), "The email address belongs to another user")


def test_a_changed_address_that_belongs_to_somebody_else_is_not_taken(provider: Provider) -> None:
    user, other = invite(), UserFactory(email="bob@example.com")
    sign_in(provider)
    provider.claims["email"] = other.email
    assert inside(sign_in(provider)[0])
    user.refresh_from_db()
    assert user.email == "ann@example.com"
    assert Entry.objects.filter(event="email_kept", target_id=str(user.pk)).exists()


@pytest.mark.parametrize("state", ["inactive", "deleted"])
def test_a_deactivated_or_deleted_user_never_gets_in(state: str, provider: Provider) -> None:
    create_accounts()
    user = invite()
    sign_in(provider)
    User.objects.filter(pk=user.pk).update(is_active=False, deleted_at=clock.now() if state == "deleted" else None)
    visitor, response = sign_in(provider)
    assert (response.status_code, inside(visitor), User.objects.count()) == (403, False, 1)
    SocialAccount.objects.all().delete()
    assert sign_in(provider)[1].status_code == 403
    assert User.objects.get().is_active is False


def test_an_invitation_can_be_used_by_one_identity_only(provider: Provider) -> None:
    invite()
    sign_in(provider)
    provider.claims["sub"] = "somebody else with the same address"
    visitor, response = sign_in(provider)
    assert (response.status_code, inside(visitor)) == (403, False)


def test_the_role_follows_the_groups_and_its_loss_ends_sessions_at_once(provider: Provider) -> None:
    Config.objects.create(key="roles_by_group", value="Token admins = administrator")
    UserFactory(role="administrator")
    user = invite()
    provider.claims["groups"] = ["Token admins"]
    visitor, _ = sign_in(provider)
    user.refresh_from_db()
    assert user.role == "administrator"
    provider.claims["groups"] = []
    other, _ = sign_in(provider)
    user.refresh_from_db()
    assert (user.role, inside(visitor), inside(other)) == ("user", False, True)


def test_claims_that_the_id_token_lacks_come_from_the_userinfo_endpoint(provider: Provider) -> None:
    invite()
    email, verified = provider.claims.pop("email"), provider.claims.pop("email_verified")
    provider.userinfo = {"email": email, "email_verified": verified}
    assert inside(sign_in(provider)[0])
    provider.userinfo["sub"] = "somebody else"
    assert sign_in(provider)[1].status_code == 400


def test_a_signed_in_user_connects_a_provider_and_disconnects_it(provider: Provider) -> None:
    user, visitor = UserFactory(), Visitor()
    visitor.send("account_login", login=user.username, password=PASSWORD)
    address = leads_to(visitor.send("company_connect", "acme"))
    assert come_back(visitor, provider.authorize(address))["Location"] == reverse("profile")
    assert SocialAccount.objects.get().user == user
    assert inside(sign_in(provider)[0])
    visitor.send("company_disconnect", "acme")
    assert not SocialAccount.objects.exists()


@pytest.mark.usefixtures("running_clock")
def test_an_old_sign_in_is_confirmed_before_a_provider_is_connected(provider: Provider) -> None:
    user, visitor = UserFactory(), Visitor()
    visitor.send("account_login", login=user.username, password=PASSWORD)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        page = reverse("company_connect", args=["acme"])
        assert visitor.send(page)["Location"].startswith(reverse("account_reauthenticate"))
        assert visitor.send("account_reauthenticate", password=PASSWORD, next=page)["Location"] == page
        assert leads_to(visitor.send(page)).startswith(provider.issuer)


def test_the_only_way_to_sign_in_cannot_be_disconnected(provider: Provider) -> None:
    invite()
    visitor, _ = sign_in(provider)
    visitor.send("company_disconnect", "acme")
    assert SocialAccount.objects.count() == 1


def test_the_user_s_page_says_that_a_company_account_is_connected(provider: Provider) -> None:
    user = invite()
    sign_in(provider)
    page = Visitor(AdministratorFactory()).see("tokens:user_tokens", user.username)
    assert "Company account: Acme" in page.one("p", class_="user-facts").text


def test_an_account_at_a_former_provider_is_no_way_to_sign_in(provider: Provider) -> None:
    user = invite()
    visitor, _ = sign_in(provider)
    SocialAccount.objects.create(user=user, provider="former", uid="u-1")
    visitor.send("company_disconnect", "acme")
    assert SocialAccount.objects.filter(user=user, provider="acme").exists()


def test_a_first_password_needs_a_recent_sign_in(provider: Provider) -> None:
    user = invite()
    visitor, _ = sign_in(provider)
    assert visitor.get(reverse("account_set_password")).status_code == 200
    session = visitor.session
    session["confirmed_at"] -= 301
    session.save()
    response = visitor.send("account_set_password", password1=PASSWORD, password2=PASSWORD)
    assert response["Location"].startswith(reverse("account_reauthenticate"))
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_signing_in_again_ends_the_session_before_with_its_token(provider: Provider) -> None:
    invite()
    visitor, _ = sign_in(provider)
    before = Token.objects.get()
    sign_in(provider, visitor)
    before.refresh_from_db()
    assert (before.revoked_at is not None, Token.objects.count(), inside(visitor)) == (True, 2, True)


def test_opening_the_address_of_the_button_leads_to_the_sign_in_page(provider: Provider) -> None:
    assert Visitor().get(reverse("openid_connect_login", args=["acme"]))["Location"] == reverse("account_login")
    assert Visitor().get("/accounts/company/nobody/").status_code == 404


def test_the_session_of_a_visitor_who_only_begins_ends_soon(provider: Provider) -> None:
    visitor = Visitor()
    begin(visitor)
    assert visitor.session.get_expiry_age() <= 600
