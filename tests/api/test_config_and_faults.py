from typing import Any

import pytest
from django.utils import timezone

import settings_app.services as config
from portal.audit.models import Entry
from settings_app.models import Config
from settings_app.registry import KEYS
from tests.api.caller import Caller
from tests.factories import FaultFactory
from tests.racing import race, widen

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(db: None) -> Caller:
    return Caller("administrator")


def test_every_key_is_listed_with_what_holds_for_it(caller: Caller) -> None:
    config.add("token_expiration_days", "7;30", None)
    items = {each["key"]: each for each in caller.all("/config")}
    assert list(items) == list(KEYS)
    days, minutes = items["token_expiration_days"], items["session_minutes"]
    assert (days["value"], days["default"], days["is_set"]) == ("30;7", "", True)
    assert days["updated_at"].endswith("+00:00")
    assert (minutes["value"], minutes["default"], minutes["is_set"], minutes["updated_at"]) == ("480", "480", False, None)
    assert minutes["label"] == "Authorization token session duration"


def test_a_key_is_set_changed_and_put_back_to_its_default(caller: Caller) -> None:
    path = "/config/token_expiration_days"
    assert caller.call("PUT", path, {"value": "15"}).json()["value"] == "15"
    assert caller.call("PUT", path, {"value": " 1; 30 ;7"}).json()["value"] == "30;7;1"
    assert config.get("token_expiration_days") == (30, 7, 1)
    assert caller.call("GET", path).json()["value"] == "30;7;1"
    assert caller.call("DELETE", path).status_code == 204
    assert config.get("token_expiration_days") == ()
    assert caller.call("DELETE", path).status_code == 404
    assert Entry.objects.filter(actor=caller.user).count() == 3


REFUSALS = [
    ("token_expiration_days", {"value": "x"}, "'x' is not a whole number of days from 1 to 365."),
    ("token_expiration_emails", {"value": "a@example.com;;b@example.com"}, "Remove the extra semicolon."),
    ("users_may_create_tokens", {"value": "yes"}, "'yes' must be true or false."),
    ("session_minutes", {"value": " "}, "Enter a value."),
    ("session_minutes", {"value": 480}, "Input should be a valid string"),
    ("session_minutes", {}, "Field required"),
]


@pytest.mark.parametrize(("key", "data", "words"), REFUSALS)
def test_a_value_that_cannot_be_is_refused_in_the_words_of_the_page(caller: Caller, key: str, data: dict[str, Any], words: str) -> None:
    response = caller.call("PUT", f"/config/{key}", data)
    assert (response.status_code, response.json()["field"]) == (422, "value")
    assert response.json()["error_description"].startswith(words)
    assert not Config.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_set_a_key_at_once_both_succeed(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, Config.objects, "create")
    caller = Caller("administrator")
    answers = race(*[lambda value=value: caller.call("PUT", "/config/session_minutes", {"value": value}) for value in ("10", "20")])
    assert [each.status_code for each in answers] == [200, 200]
    assert config.get("session_minutes") in (10, 20)


def test_faults_are_listed_by_state(caller: Caller) -> None:
    now = timezone.now()
    FaultFactory(key="new")
    FaultFactory(key="seen", acknowledged_at=now, acknowledged_by=caller.user)
    FaultFactory(key="over", cleared_at=now)
    found = {state: {each["key"] for each in caller.all("/faults", state=state)} for state in ("open", "acknowledged", "cleared", "all")}
    assert found == {"open": {"new"}, "acknowledged": {"seen"}, "cleared": {"over"}, "all": {"new", "seen", "over"}}
    assert {each["key"] for each in caller.all("/faults")} == {"new", "seen"}
    assert [each["state"] for each in caller.all("/faults", state="cleared")] == ["cleared"]


def test_faults_are_found_by_what_they_say(caller: Caller) -> None:
    FaultFactory(resource="deploy of zoe@example.com"), FaultFactory(resource="backup")
    assert [each["resource"] for each in caller.all("/faults", q="ZOE")] == ["deploy of zoe@example.com"]


def test_a_fault_is_acknowledged_once(caller: Caller) -> None:
    fault = FaultFactory(name="Token expires", resource="deploy")
    first = caller.call("POST", f"/faults/{fault.pk}/acknowledge").json()
    assert (first["state"], first["acknowledged_by"]) == ("acknowledged", caller.user.username)
    second = caller.call("POST", f"/faults/{fault.pk}/acknowledge")
    assert second.status_code == 409
    assert second.json()["error_description"] == "Token expires: deploy has already been acknowledged or cleared."


def test_acknowledging_is_undone_once(caller: Caller) -> None:
    fault = FaultFactory(name="Token expires", resource="deploy", acknowledged_at=timezone.now(), acknowledged_by=caller.user)
    first = caller.call("DELETE", f"/faults/{fault.pk}/acknowledge").json()
    assert (first["state"], first["acknowledged_by"], first["acknowledged_at"]) == ("open", None, None)
    second = caller.call("DELETE", f"/faults/{fault.pk}/acknowledge")
    assert second.status_code == 409
    assert second.json()["error_description"] == "Token expires: deploy is not acknowledged, or has been cleared."
