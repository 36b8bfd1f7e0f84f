"""`Idempotency-Key`: a request that is sent again, because its answer was lost, makes no second token."""

from typing import Any

import pytest

from tests.api.caller import Caller
from tests.factories import UserFactory
from tests.racing import race, widen
from tokens.models import Token


def create(caller: Caller, owner: str, key: str, **data: Any) -> Any:
    return caller.call("POST", f"/users/{owner}/tokens", {"name": "deploy", **data}, Idempotency_Key=key)


@pytest.fixture
def owner(db: None) -> str:
    return UserFactory(username="zoe@example.com").username


@pytest.fixture
def caller(db: None) -> Caller:
    return Caller("administrator")


def made() -> int:
    return Token.objects.exclude(name="caller").count()


def test_a_repeat_is_answered_with_the_same_token_without_its_text(caller: Caller, owner: str) -> None:
    first = create(caller, owner, "a-key")
    again = create(caller, owner, "a-key")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    expected = first.json()
    del expected["secret"]
    assert again.json() == expected
    assert made() == 1


def test_a_repeat_after_the_revocation_makes_no_new_token(caller: Caller, owner: str) -> None:
    token = create(caller, owner, "a-key").json()
    caller.call("POST", f"/tokens/{token['id']}/revoke")
    assert create(caller, owner, "a-key").json()["status"] == "revoked"
    assert made() == 1


@pytest.mark.parametrize("change", [{"name": "other"}, {"expires": "2099-01-01"}])
def test_a_key_that_comes_back_with_another_request_is_refused(caller: Caller, owner: str, change: dict[str, str]) -> None:
    create(caller, owner, "a-key")
    response = create(caller, owner, "a-key", **change)
    assert response.status_code == 422
    assert response.json()["field"] == "Idempotency-Key"
    assert made() == 1


def test_a_key_that_comes_back_for_another_user_is_refused(caller: Caller, owner: str) -> None:
    create(caller, owner, "a-key")
    response = create(caller, UserFactory().username, "a-key")
    assert response.json()["field"] == "Idempotency-Key"
    assert made() == 1


def test_the_same_key_of_another_caller_is_another_key(caller: Caller, owner: str) -> None:
    create(caller, owner, "a-key")
    assert create(Caller("administrator"), owner, "a-key", name="theirs").status_code == 201


def test_a_refused_request_uses_its_key_up_not(caller: Caller, owner: str) -> None:
    assert create(caller, owner, "a-key", name="<").status_code == 422
    assert create(caller, owner, "a-key").status_code == 201


def test_without_a_key_each_request_stands_for_itself(caller: Caller, owner: str) -> None:
    path = f"/users/{owner}/tokens"
    assert [caller.call("POST", path, {"name": name}).status_code for name in ("a", "b", "b")] == [201, 201, 422]


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_has_1_to_255_characters(caller: Caller, owner: str, key: str) -> None:
    response = create(caller, owner, key)
    assert (response.status_code, response.json()["field"]) == (422, "Idempotency-Key")
    assert create(caller, owner, "x" * 255).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_the_same_request_sent_four_times_at_once_one_makes_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, Token, "save")
    caller, owner = Caller("administrator"), UserFactory().username
    answers = race(*[lambda: create(caller, owner, "a-key")] * 4)
    assert sorted(each.status_code for each in answers) == [200, 200, 200, 201]
    assert made() == 1
    assert len({each.json()["id"] for each in answers}) == 1
    assert sum("secret" in each.json() for each in answers) == 1


@pytest.mark.django_db(transaction=True)
def test_of_the_same_key_for_two_users_at_once_one_makes_a_token_and_the_other_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    widen(monkeypatch, Token, "save")
    caller, owners = Caller("administrator"), [UserFactory().username for _ in "12"]
    answers = race(*[lambda owner=owner: create(caller, owner, "a-key") for owner in owners])
    assert sorted(each.status_code for each in answers) == [201, 422]
    assert made() == 1
