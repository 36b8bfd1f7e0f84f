"""Each form of the sign-in pages has its limit, and says when to try again. A known browser carries a cookie."""

import re
from http.cookies import Morsel
from typing import Any

import pytest
from allauth.account.signals import password_reset
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from portal.users import signals, throttle
from portal.users.devices import DeviceMiddleware, device_id
from portal.users.models import User
from tests.factories import PASSWORD, ServiceFactory
from tests.pages.page import Page
from tests.pages.visitor import Visitor

pytestmark = pytest.mark.django_db


def cookie(visitor: Visitor) -> Morsel:
    return visitor.cookies[settings.DEVICE_COOKIE_NAME]


def statuses(visitor: Visitor, name: str, times: int, **data: str) -> list[int]:
    return [visitor.send(name, **data).status_code for _ in range(times)]


def test_the_page_says_in_how_many_minutes_to_try_again_and_so_does_the_header(person: User, time_machine: Any) -> None:
    time_machine.move_to("2026-11-21 12:00:00Z", tick=False)
    for _ in range(5):
        Visitor().send("account_login", login=person.username, password="wrong")
    time_machine.shift(100)
    response = Visitor().send("account_login", login=person.username, password="wrong")
    assert (response.status_code, response["Retry-After"]) == (429, "200")
    assert "Try again in 4 minutes." in Page(response).one("main").text
    time_machine.shift(170)
    response = Visitor().send("account_login", login=person.username, password="wrong")
    assert "Try again in 30 seconds." in Page(response).one("main").text
    time_machine.shift(30)
    assert Visitor().send("account_login", login=person.username, password=PASSWORD).status_code == 302


def test_thirty_forms_of_an_address_in_a_minute_are_read(anonymous: Visitor) -> None:
    assert statuses(anonymous, "account_login", 31, login="", password="") == [200] * 30 + [429]
    assert anonymous.get(reverse("account_login")).status_code == 200


def test_confirming_a_password_is_limited_for_its_user(as_person: Visitor) -> None:
    assert statuses(as_person, "account_reauthenticate", 6, password="wrong") == [200] * 5 + [429]


def test_strangers_do_not_keep_a_signed_in_user_from_confirming(as_person: Visitor) -> None:
    for number in range(6):
        Visitor(REMOTE_ADDR=f"192.0.2.{number}").send("account_login", login=as_person.user.username, password="wrong")
    assert as_person.send("account_reauthenticate", password=PASSWORD).status_code == 302


def test_changing_a_password_is_limited_for_its_user(as_person: Visitor) -> None:
    data = {"oldpassword": "wrong", "password1": "a-staple-of-batteries", "password2": "a-staple-of-batteries"}
    assert statuses(as_person, "account_change_password", 6, **data) == [200] * 5 + [429]


def test_reset_requests_are_limited_for_an_email_address_whoever_sends_them(person: User) -> None:
    answers = []
    for number, spelling in enumerate([person.email, person.email.upper()] * 3):
        visitor = Visitor(REMOTE_ADDR=f"192.0.2.{number}")
        answers.append(visitor.send("account_reset_password", email=spelling).status_code)
    assert answers == [302] * 5 + [429]


def test_the_page_offers_a_reset_to_owners_whom_strangers_have_slowed_down(person: User) -> None:
    for number in range(5):
        Visitor(REMOTE_ADDR=f"192.0.2.{number}").send("account_login", login=person.username, password="wrong")
    page = Page(Visitor().send("account_login", login=person.username, password=PASSWORD))
    assert page.one("main").one("a", href=reverse("account_reset_password")).text == "reset your password"


def test_the_page_offers_no_reset_where_it_would_not_help(as_person: Visitor) -> None:
    data = {"oldpassword": "wrong", "password1": "a-staple-of-batteries", "password2": "a-staple-of-batteries"}
    statuses(as_person, "account_change_password", 5, **data)
    page = Page(as_person.send("account_change_password", **data))
    assert (page.status, page.one("main").all("a", href=reverse("account_reset_password"))) == (429, [])


def test_reset_requests_are_limited_for_an_address(anonymous: Visitor) -> None:
    answers = [anonymous.send("account_reset_password", email=f"name{number}@example.com").status_code for number in range(21)]
    assert answers == [302] * 20 + [429]


def test_the_cookie_of_a_known_browser_is_out_of_reach_for_scripts_and_other_sites(person: User) -> None:
    visitor = Visitor()
    visitor.send("account_login", login=person.username, password=PASSWORD)
    attributes = cookie(visitor)
    assert (attributes["httponly"], attributes["samesite"], attributes["path"], attributes["domain"]) == (True, "Lax", "/", "")
    assert attributes["max-age"] == 180 * 24 * 3600
    assert not re.search(r"bob|example", cookie(visitor).value)


def test_the_cookie_comes_with_a_sign_in_alone(person: User) -> None:
    visitor = Visitor()
    visitor.get(reverse("account_login"))
    visitor.send("account_login", login=person.username, password="wrong")
    assert settings.DEVICE_COOKIE_NAME not in visitor.cookies
    visitor = Visitor(person)
    visitor.get(reverse("profile"))
    assert settings.DEVICE_COOKIE_NAME not in visitor.cookies


def test_a_browser_that_changes_the_password_stays_known(as_person: Visitor) -> None:
    new = "a-staple-of-batteries"
    as_person.send("account_change_password", oldpassword=PASSWORD, password1=new, password2=new)
    assert device_id(cookie(as_person).value, User.objects.get(pk=as_person.user.pk))


def test_a_browser_that_resets_the_password_becomes_known(as_person: Visitor) -> None:
    """Else strangers who keep guessing would lock out the owner, whose cookie was for the old password."""

    def view(request: Any) -> HttpResponse:
        password_reset.send(sender=User, request=request, user=as_person.user)
        return HttpResponse()

    response = DeviceMiddleware(view)(RequestFactory().post("/"))
    assert device_id(response.cookies[settings.DEVICE_COOKIE_NAME].value, as_person.user)


def test_a_key_that_is_being_replaced_still_signs_the_cookie(person: User, settings: Any) -> None:
    visitor = Visitor()
    visitor.send("account_login", login=person.username, password=PASSWORD)
    person.refresh_from_db()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key " * 4, [settings.SECRET_KEY]
    assert device_id(cookie(visitor).value, person)
    settings.SECRET_KEY_FALLBACKS = []
    assert not device_id(cookie(visitor).value, person)


def test_a_cookie_is_old_after_180_days(person: User, time_machine: Any) -> None:
    time_machine.move_to("2026-11-21 12:00:00Z", tick=False)
    visitor = Visitor()
    visitor.send("account_login", login=person.username, password=PASSWORD)
    person.refresh_from_db()
    time_machine.shift(180 * 24 * 3600)
    assert device_id(cookie(visitor).value, person)
    time_machine.shift(1)
    assert not device_id(cookie(visitor).value, person)


def test_others_are_told_of_wrong_passwords_and_of_throttled_ones(person: User) -> None:
    heard: list[Any] = []

    def hear(sender: Any, signal: Any, request: Any, account: str, **more: Any) -> None:
        heard.append((account, more.get("action"), more.get("retry_after")))

    signals.sign_in_failed.connect(hear)
    signals.attempt_throttled.connect(hear)
    try:
        for _ in range(6):
            Visitor().send("account_login", login="BOB@example.com", password="wrong")
    finally:
        signals.sign_in_failed.disconnect(hear)
        signals.attempt_throttled.disconnect(hear)
    assert heard[:5] == [("BOB@example.com", None, None)] * 5
    account, action, retry_after = heard[5]
    assert (account, action) == ("BOB@example.com", throttle.FAILED_BY_ACCOUNT.action)
    assert 290 <= retry_after <= 300


def test_a_service_accounts_right_password_counts_as_wrong() -> None:
    service = ServiceFactory()
    service.set_password(PASSWORD)
    service.save()
    answers = [Visitor().send("account_login", login=service.username, password=PASSWORD).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]
