"""Somebody guesses the user codes of programs that sign in elsewhere, makes a victim's browser approve one, or looks for the token."""

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from portal.audit.models import Entry
from tests.cli import poll, request_device_login
from tests.factories import UserFactory
from tests.pages.visitor import Visitor
from tests.racing import race
from tokens.cli_login import device
from tokens.models import DeviceLogin

RUNS_ON = "postgres"
pytestmark = pytest.mark.django_db
WRONG, FOUND, THROTTLED = 422, 200, 429
PLACES = [("tokens:device", "user_code"), ("tokens:device_approve", "confirmed"), ("tokens:device_deny", "confirmed")]


def guess(visitor: Visitor, number: int, code: str = "") -> int:
    """The status of one guess, on each of the three forms in turn."""
    name, field = PLACES[number % 3]
    return visitor.send(
        name, **{field: code or device.shown(f"BCDFGH{device.LETTERS[number // 20]}{device.LETTERS[number % 20]}")}
    ).status_code


def test_a_user_has_ten_wrong_codes_in_ten_minutes() -> None:
    code = request_device_login()["user_code"]
    visitor = Visitor(UserFactory())
    assert [guess(visitor, number) for number in range(40)] == [WRONG] * 10 + [THROTTLED] * 30
    assert [guess(visitor, number, code) for number in range(3)] == [THROTTLED] * 3
    assert DeviceLogin.objects.get().state == "pending"
    assert guess(Visitor(UserFactory()), 1, code) == FOUND


def test_an_address_with_many_accounts_has_thirty_wrong_codes() -> None:
    visitors = [Visitor(UserFactory(), REMOTE_ADDR=f"2001:db8::{number}") for number in range(1, 6)]
    statuses = [guess(visitor, number) for visitor in visitors for number in range(8)]
    assert statuses == [WRONG] * 30 + [THROTTLED] * 10


@pytest.mark.django_db(transaction=True)
def test_20_simultaneous_guesses_are_ten() -> None:
    user = UserFactory()
    visitors = [Visitor(user) for _ in range(20)]
    statuses = race(*[lambda place=place: guess(visitors[place], place) for place in range(20)])
    assert sorted(statuses) == [WRONG] * 10 + [THROTTLED] * 10


def test_right_codes_are_not_counted() -> None:
    visitor = Visitor(UserFactory())
    code = request_device_login()["user_code"]
    assert [guess(visitor, 0, code) for _ in range(15)] == [FOUND] * 15


def test_another_site_cannot_approve_a_code() -> None:
    visitor, codes = Visitor(UserFactory()), request_device_login()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = visitor.cookies
    for name, field in PLACES:
        answer = strict.post(reverse(name), {field: codes["user_code"]}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert codes["user_code"] not in answer.content.decode()
    assert poll(codes["device_code"]).json()["error"] == "authorization_pending"


def test_token_and_codes_are_nowhere_but_in_their_responses(caplog: pytest.LogCaptureFixture) -> None:
    visitor, codes = Visitor(UserFactory()), request_device_login()
    pages = [visitor.send(name, **{field: codes["user_code"]}).content.decode() for name, field in PLACES[:2]]
    text = poll(codes["device_code"]).json()["access_token"]
    rest = "".join(str(list(model.objects.values())) for model in apps.get_models()) + caplog.text
    rest += visitor.get(reverse("tokens:device")).content.decode() + poll(codes["device_code"]).content.decode()
    assert Entry.objects.count() >= 4
    assert text not in rest + "".join(pages)
    assert not [code for code in codes.values() if code in rest]
    assert codes["device_code"] not in "".join(pages)


def test_a_flood_of_requests_leaves_few_audit_rows() -> None:
    before = Entry.objects.count()
    for number in range(40):
        Client(REMOTE_ADDR="192.0.2.7").post("/oauth/device_authorization", {"client_id": f"program {number}"})
    assert list(Entry.objects.order_by("pk").values_list("count", flat=True))[before:] == [1, 29]
