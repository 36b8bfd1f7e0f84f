"""A page knows when its session ends, and the same user can begin a new one from it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

import settings_app.services as config
from tests.factories import PASSWORD
from tests.pages.visitor import Visitor
from tokens.models import Token

pytestmark = pytest.mark.django_db


def test_every_page_says_how_long_its_session_lasts(as_person: Visitor, anonymous: Visitor) -> None:
    bar = as_person.see("profile").one("div", id="session-bar")
    assert 0 <= 480 * 60 - int(bar.attributes["data-seconds"]) < 60
    assert "hidden" in bar.attributes
    assert not anonymous.see("account_login").all(id="session-bar")


def test_signing_in_again_begins_a_new_session_and_replaces_the_temporary_token(as_person: Visitor) -> None:
    config.add("session_minutes", "60", None)
    now = timezone.now()
    former = Token.objects.get(user=as_person.user)
    Token.objects.update(expires_at=now + timedelta(minutes=4))
    key = as_person.session.session_key
    response = as_person.send("account_sign_in_again", password=PASSWORD)
    assert (response.status_code, response["Location"]) == (302, reverse("account_signed_in_again"))
    assert as_person.session.session_key != key
    left = as_person.get(reverse("account_session")).json()
    assert left["user"] == as_person.user.pk
    assert 0 <= 60 * 60 - left["seconds"] < 60
    former.refresh_from_db()
    assert former.revoked_at is not None
    assert Token.objects.active(timezone.now()).get(user=as_person.user) != former
    assert "Close this tab" in as_person.see("account_signed_in_again").text


def test_a_wrong_password_begins_nothing(as_person: Visitor) -> None:
    key = as_person.session.session_key
    response = as_person.send("account_sign_in_again", password="wrong")
    assert response.status_code == 200
    assert as_person.session.session_key == key
    assert Token.objects.active(timezone.now()).filter(user=as_person.user).count() == 1


def test_after_the_end_signing_in_again_is_signing_in(anonymous: Visitor) -> None:
    location = anonymous.get(reverse("account_sign_in_again"))["Location"]
    assert location == f"{reverse('account_login')}?next={reverse('account_signed_in_again')}"
