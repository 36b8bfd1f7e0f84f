"""A provider was replaced: people come back with other accounts, and get their own users again."""

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.management import CommandError, call_command

from portal.users import services as users
from portal.users.models import User
from settings_app.models import Config
from tests.factories import UserFactory
from tests.sso.provider import Provider
from tests.sso.test_sign_in import invite
from tests.sso.visiting import inside, sign_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("arguments", [["ann@example.com"], ["--provider", "acme"]])
def test_the_next_sign_in_with_the_same_address_is_connected(arguments: list[str], provider: Provider) -> None:
    user = invite()
    visitor, _ = sign_in(provider)
    provider.claims["sub"] = "u-2"
    assert sign_in(provider)[1].status_code == 403
    call_command("reset_company_sign_in", *arguments)
    assert not inside(visitor)
    assert User.objects.get().status == User.Status.INVITED
    assert inside(sign_in(provider)[0])
    assert (SocialAccount.objects.get().uid, SocialAccount.objects.get().user) == ("u-2", user)


def test_who_has_a_password_is_not_taken_over_by_an_address(provider: Provider) -> None:
    user = UserFactory(username="ann@example.com")
    SocialAccount.objects.create(user=user, provider="acme", uid="u-1")
    call_command("reset_company_sign_in", user.username)
    assert sign_in(provider)[1].status_code == 403


def test_a_password_that_is_turned_off_does_not_keep_anybody_out(provider: Provider) -> None:
    user = UserFactory(username="ann@example.com")
    SocialAccount.objects.create(user=user, provider="acme", uid="u-1")
    Config.objects.create(key="local_passwords", value="false")
    call_command("reset_company_sign_in", user.username)
    assert inside(sign_in(provider)[0])


@pytest.mark.parametrize("arguments", [["nobody"], ["--provider", "acme"]])
def test_what_is_not_there_is_said(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("reset_company_sign_in", *arguments)


def test_a_name_that_is_given_again_is_nobodys_company_account_yet(provider: Provider) -> None:
    """Until then a deletion is not undone by signing in; afterwards the new person signs in, whose account is another one."""
    user = invite()
    assert inside(sign_in(provider)[0])
    users.delete(user, None)
    assert sign_in(provider)[1].status_code == 403
    users.create(user.username, "", User.Role.USER, None)
    assert not SocialAccount.objects.exists()
    provider.claims["sub"] = "u-2"
    assert inside(sign_in(provider)[0])
