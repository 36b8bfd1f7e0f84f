"""Temporary tokens, through the real sign-in page: one for each sign-in, dead with its session."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

import settings_app.services as config
from portal.core.actors import Actor
from portal.users import links
from portal.users import services as users
from portal.users.models import User
from tests.checks import verification_result
from tests.clock import DAY, MINUTE, SECOND
from tests.factories import PASSWORD, AdministratorFactory, UserFactory
from tokens import sessions
from tokens.models import Token
from tokens.verification.verify import RejectionReason

pytestmark = pytest.mark.django_db

ANOTHER = "another-correct-horse"


def sign_in(user: User, password: str = PASSWORD) -> Client:
    client = Client()
    response = client.post(reverse("account_login"), {"login": user.username, "password": password})
    assert response.status_code == 302, response.content
    return client


def token_of(client: Client) -> str:
    response = client.post(reverse("tokens:temporary"), headers={"accept": "application/json"})
    return response.json()["token"] if response.status_code == 200 else ""


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("profile")).status_code == 200


def state(text: str) -> Token | RejectionReason:
    return verification_result(text, timezone.now())


@pytest.fixture
def user() -> User:
    return UserFactory()


def test_each_sign_in_makes_one_temporary_token_of_its_own(user: User) -> None:
    texts = [token_of(sign_in(user)) for _ in range(3)]
    assert len(set(texts)) == 3
    for text in texts:
        assert text.startswith("tpt_")
        assert state(text).user == user
    assert Token.objects.filter(kind="temporary", user=user, created_by=user).count() == Token.objects.count() == 3


def test_looking_at_pages_makes_no_further_token(user: User) -> None:
    client = sign_in(user)
    first = token_of(client)
    assert is_signed_in(client)
    assert token_of(client) == first
    assert Token.objects.count() == 1


def test_the_session_ends_when_its_token_does(user: User) -> None:
    sign_in(user)
    token, session = Token.objects.get(), Session.objects.get()
    assert session.expire_date == token.expires_at
    assert token.expires_at - token.created_at == timedelta(minutes=480)


def test_the_duration_of_config_holds_for_the_session_its_cookie_and_its_token(user: User) -> None:
    config.add("session_minutes", "30", None)
    with time_machine.travel(timezone.now(), tick=False):
        client = sign_in(user)
        token = Token.objects.get()
        assert token.expires_at == Session.objects.get().expire_date == timezone.now() + 30 * MINUTE
        assert client.cookies[django_settings.SESSION_COOKIE_NAME]["max-age"] == 1800


def test_session_and_token_are_good_until_their_end_and_over_after_it(user: User) -> None:
    config.add("session_minutes", "30", None)
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        client = sign_in(user)
        text = token_of(client)
        clock.move_to(start + 30 * MINUTE - SECOND)
        assert is_signed_in(client)
        assert isinstance(state(text), Token)
        clock.move_to(start + 30 * MINUTE)
        assert state(text) is RejectionReason.EXPIRED
        clock.move_to(start + 30 * MINUTE + SECOND)
        assert not is_signed_in(client)


def test_using_the_session_does_not_make_it_longer(user: User) -> None:
    client = sign_in(user)
    end = Session.objects.get().expire_date
    with time_machine.travel(timezone.now() + 60 * MINUTE):
        assert is_signed_in(client)
        session = client.session
        session["x"] = 1
        session.save()
        assert Session.objects.get().expire_date == end


def test_a_sign_in_before_a_change_of_the_duration_keeps_its_own(user: User) -> None:
    sign_in(user)
    end = Token.objects.get().expires_at
    config.add("session_minutes", "5", None)
    assert Token.objects.get().expires_at == Session.objects.get().expire_date == end


def test_signing_out_ends_the_token_at_once_and_leaves_other_sessions_alone(user: User) -> None:
    client, elsewhere = sign_in(user), sign_in(user)
    mine, other = token_of(client), token_of(elsewhere)
    client.post(reverse("account_logout"))
    assert state(mine) is RejectionReason.REVOKED
    assert isinstance(state(other), Token)
    assert not is_signed_in(client)
    assert is_signed_in(elsewhere)


def test_changing_the_password_keeps_ones_own_session_and_token_and_ends_all_others(user: User) -> None:
    client, elsewhere = sign_in(user), sign_in(user)
    mine, other = token_of(client), token_of(elsewhere)
    form = {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER}
    assert client.post(reverse("account_change_password"), form).status_code == 302
    assert state(other) is RejectionReason.REVOKED
    assert not is_signed_in(elsewhere)
    assert is_signed_in(client)
    assert token_of(client) == mine
    assert isinstance(state(mine), Token)
    assert isinstance(state(token_of(sign_in(user, ANOTHER))), Token)


def test_the_session_that_changed_the_password_ends_when_it_would_have_ended_before(user: User) -> None:
    client = sign_in(user)
    end = Token.objects.get().expires_at
    client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER})
    assert client.session.get_expiry_date() == end
    assert Token.objects.get().expires_at == end


def test_another_users_password_change_ends_nothing(user: User) -> None:
    text, other = token_of(sign_in(user)), UserFactory()
    form = {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER}
    sign_in(other).post(reverse("account_change_password"), form)
    assert isinstance(state(text), Token)


def save_new_password(user: User) -> None:
    user.set_password(ANOTHER)
    user.save()


def update_new_password(user: User) -> None:
    User.objects.filter(pk=user.pk).update(password="md5$salt$0123456789abcdef0123456789abcdef")


def make_password_unusable(user: User) -> None:
    user.set_unusable_password()
    user.save(update_fields=["password"])


@pytest.mark.parametrize("change", [save_new_password, update_new_password, make_password_unusable])
def test_whichever_way_the_password_is_changed_the_tokens_of_all_sessions_end_with_it(change: object, user: User) -> None:
    client = sign_in(user)
    text = token_of(client)
    change(user)
    assert state(text) is RejectionReason.SESSION_OVER
    assert not is_signed_in(client)
    assert token_of(client) == ""


def test_the_old_password_set_again_with_a_new_salt_ends_them_too(user: User) -> None:
    text = token_of(sign_in(user))
    user.set_password(PASSWORD)
    user.save()
    assert state(text) is RejectionReason.SESSION_OVER


def test_a_password_set_by_the_link_in_a_mail_ends_them_too(user: User) -> None:
    text = token_of(sign_in(user))
    visitor = Client()
    form_page = visitor.get(links.link(User.objects.get(pk=user.pk)), follow=True).redirect_chain[-1][0]
    assert visitor.post(form_page, {"password1": ANOTHER, "password2": ANOTHER}).status_code == 302
    assert isinstance(state(text), RejectionReason)
    assert isinstance(state(token_of(sign_in(user, ANOTHER))), Token)


def test_deactivating_ends_sessions_and_tokens_and_activating_does_not_bring_them_back(user: User) -> None:
    client, actor = sign_in(user), AdministratorFactory()
    text = token_of(client)
    users.deactivate(user, Actor(actor))
    assert state(text) is RejectionReason.REVOKED
    assert not is_signed_in(client)
    users.activate(User.objects.get(pk=user.pk), Actor(actor))
    assert state(text) is RejectionReason.REVOKED
    assert not is_signed_in(client)


def test_even_a_token_that_nobody_revoked_is_over_once_its_owner_was_deactivated_and_activated_again(user: User) -> None:
    text, actor = token_of(sign_in(user)), AdministratorFactory()
    users.deactivate(user, Actor(actor))
    users.activate(User.objects.get(pk=user.pk), Actor(actor))
    Token.objects.update(revoked_at=None)
    assert state(text) is RejectionReason.SESSION_OVER


def test_deleting_ends_them(user: User) -> None:
    client = sign_in(user)
    text = token_of(client)
    users.delete(user, Actor(AdministratorFactory()))
    assert state(text) is RejectionReason.REVOKED
    assert not is_signed_in(client)


def test_a_new_secret_key_with_the_old_one_as_fallback_keeps_sessions_and_tokens(user: User, settings: Settings) -> None:
    client = sign_in(user)
    text = token_of(client)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key of the portal, of some length too"
    assert isinstance(state(text), Token)
    assert is_signed_in(client)
    assert token_of(client) == text
    fresh = token_of(sign_in(user))
    settings.SECRET_KEY_FALLBACKS = []
    assert isinstance(state(fresh), Token)


def test_a_new_secret_key_without_a_fallback_ends_sessions_and_tokens(user: User, settings: Settings) -> None:
    client = sign_in(user)
    text = token_of(client)
    settings.SECRET_KEY = "a new key of the portal, of some length too"
    assert state(text) is RejectionReason.SESSION_OVER
    assert not is_signed_in(client)


def test_a_token_whose_key_is_gone_cannot_be_shown(user: User, settings: Settings) -> None:
    sign_in(user)
    token = Token.objects.get()
    assert sessions.reveal(token) == sessions.derive(settings.SECRET_KEY, str(token.pk))
    settings.SECRET_KEY = "a new key of the portal, of some length too"
    assert sessions.reveal(token) is None


def test_a_wrong_password_makes_neither_session_nor_token(user: User) -> None:
    client = Client()
    assert client.post(reverse("account_login"), {"login": user.username, "password": "wrong"}).status_code != 302
    assert not Token.objects.exists()
    assert not is_signed_in(client)


def test_signing_in_again_in_the_same_browser_ends_the_first_token(user: User) -> None:
    client = sign_in(user)
    first = token_of(client)
    client.post(reverse("account_logout"))
    client.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    assert state(first) is RejectionReason.REVOKED
    assert state(token_of(client)).user == user


def test_the_name_of_a_temporary_token_says_when_the_sign_in_was(user: User) -> None:
    with time_machine.travel(datetime.fromisoformat("2026-11-21T09:30:00+00:00")):
        sign_in(user)
    assert Token.objects.get().name == "Sign-in of 2026-11-21 09:30 UTC"


def test_a_session_that_lost_its_token_still_works_and_shows_none(user: User) -> None:
    client = sign_in(user)
    Token.objects.update(expires_at=timezone.now() + SECOND, created_at=timezone.now() - DAY)
    with time_machine.travel(timezone.now() + 2 * SECOND):
        assert is_signed_in(client)
        assert token_of(client) == ""


def test_a_sign_in_by_another_way_than_our_page_ends_with_its_token_too(user: User) -> None:
    client = Client()
    client.force_login(user)
    assert client.session.get_expiry_date() == Token.objects.get().expires_at
