"""Every error of the API in one shape, whoever made it."""

from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.http import HttpRequest
from pytest_django import Settings

from portal.api.app import api
from portal.users.models import User
from tests.api.caller import API, Caller
from tests.factories import TokenFactory, UserFactory
from tokens import token_format
from tokens.verification import limits, lookup
from tokens.verification import usage as uses

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db


def problem(response: Any, status: int) -> str:
    """The error's code. Its shape, type and cache header are looked at on the way."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    assert "no-store" in response["Cache-Control"]
    answer = response.json()
    assert {"error", "error_description"} <= set(answer) <= {"error", "error_description", "field"}
    assert answer["error_description"].endswith(".")
    return answer["error"]


@pytest.fixture
def caller(db: None) -> Caller:
    return Caller("administrator")


def test_without_credentials_the_challenge_has_no_error_code(caller: Caller) -> None:
    """RFC 6750, section 3.1."""
    response = Caller().call("GET", "/whoami")
    assert problem(response, 401) == "unauthorized"
    assert response["WWW-Authenticate"] == 'Bearer realm="Token Portal"'


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer ä", "Bearer " + "x" * 5000])
def test_a_malformed_header_is_a_bad_request(header: str) -> None:
    response = Caller().call("GET", "/whoami", Authorization=header)
    assert problem(response, 400) == "invalid_request"


def bad_tokens(caller: Caller) -> list[str]:
    revoked, inactive = Caller("user"), Caller("user")
    caller.call("POST", f"/tokens/{revoked.token.pk}/revoke")
    User.objects.filter(pk=inactive.user.pk).update(is_active=False)
    return ["garbage", token_format.generate(), revoked.text, inactive.text]


def test_every_token_that_is_not_good_is_refused_in_the_same_words(caller: Caller) -> None:
    answers = [Caller().call("GET", "/whoami", Authorization=f"Bearer {text}") for text in bad_tokens(caller)]
    assert {problem(each, 401) for each in answers} == {"invalid_token"}
    assert len({(each.content, each["WWW-Authenticate"]) for each in answers}) == 1
    assert 'error="invalid_token"' in answers[0]["WWW-Authenticate"]


def test_too_little_permission_is_insufficient_scope() -> None:
    response = Caller("user").call("GET", "/config")
    assert problem(response, 403) == "insufficient_scope"
    assert 'error="insufficient_scope"' in response["WWW-Authenticate"]


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/users/", "/users/nobody", "/users/a/b/c", "/tokens/7", "/faults/x/acknowledge", "/config/nothing", "/%ff", "/%00"],
)
def test_what_is_not_there_is_not_found(caller: Caller, path: str) -> None:
    assert problem(caller.call("GET", path), 404) == "not_found"


def test_a_fault_or_token_that_is_not_there_is_not_found(caller: Caller) -> None:
    TokenFactory()
    assert problem(caller.call("POST", f"/faults/{10**30}/acknowledge"), 404) == "not_found"
    assert problem(caller.call("GET", "/tokens/00000000-0000-0000-0000-000000000000"), 404) == "not_found"


def test_a_name_that_no_user_can_have_is_refused(caller: Caller) -> None:
    response = caller.call("GET", "/users/a%00b")
    assert problem(response, 422) == "invalid_value"
    assert response.json()["field"] == "username"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_not_allowed_and_says_which_is(caller: Caller, method: str) -> None:
    response = caller.call(method, "/whoami")
    assert problem(response, 405) == "method_not_allowed"
    assert response["Allow"] == "GET"


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 100_000, b'{"username": NaN', b"9" * 5000])
def test_a_body_that_is_not_json_is_a_bad_request(caller: Caller, data: bytes) -> None:
    headers = {"Authorization": f"Bearer {caller.text}"}
    response = caller.post(f"{API}/users", data, content_type="application/json", headers=headers)
    assert problem(response, 400) == "invalid_request"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_a_body_of_another_type_is_refused(caller: Caller, kind: str) -> None:
    headers = {"Authorization": f"Bearer {caller.text}"}
    response = caller.post(f"{API}/users", b'{"username": "robot"}', content_type=kind, headers=headers)
    assert problem(response, 415) == "invalid_request"


def test_a_charset_may_stand_beside_the_type(caller: Caller) -> None:
    headers = {"Authorization": f"Bearer {caller.text}"}
    body = b'{"username": "robot"}'
    response = caller.post(f"{API}/users", body, content_type="application/json; charset=utf-8", headers=headers)
    assert response.status_code == 201


def test_a_body_that_is_too_large_is_rejected(caller: Caller) -> None:
    response = caller.call("POST", "/users", {"username": "x" * 3_000_000})
    assert problem(response, 413) == "content_too_large"
    assert caller.call("POST", "/users", {"username": "x" * 500_000}).status_code == 422


def test_a_body_of_unknown_length_is_rejected(caller: Caller) -> None:
    headers = {"Authorization": f"Bearer {caller.text}", "Transfer-Encoding": "chunked"}
    assert problem(caller.post(f"{API}/users", content_type="application/json", headers=headers), 411) == "length_required"


def test_a_host_that_is_not_ours_is_a_bad_request(caller: Caller) -> None:
    assert problem(caller.call("GET", "/whoami", Host="evil.example"), 400) == "invalid_request"


def test_a_bug_is_a_server_error_without_its_details(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.users.services.create", lambda **_: 1 / 0)
    response = caller.call("POST", "/users", {"username": "robot"})
    assert problem(response, 500) == "server_error"
    assert b"division" not in response.content


def test_with_debug_on_a_bug_and_a_wrong_address_have_the_same_shape(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.DEBUG = True
    monkeypatch.setattr("portal.users.services.create", lambda **_: 1 / 0)
    assert problem(caller.call("POST", "/users", {"username": "robot"}), 500) == "server_error"
    assert problem(caller.call("GET", "/nothing"), 404) == "not_found"


def test_an_error_of_a_middleware_has_the_same_shape(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, request: HttpRequest) -> None:
        raise RuntimeError

    monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_request", broken)
    assert problem(caller.call("GET", "/whoami"), 500) == "server_error"


def test_a_page_keeps_its_own_error_pages(caller: Caller) -> None:
    assert caller.get("/nothing")["Content-Type"].startswith("text/html")


def test_a_database_that_is_down_is_503(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(digest: bytes) -> None:
        raise lookup.Unavailable from psycopg.OperationalError()

    monkeypatch.setattr(lookup, "by_digest", down)
    response = caller.call("GET", "/whoami")
    assert problem(response, 503) == "temporarily_unavailable"
    assert response["Retry-After"] == "1"


def test_wrong_tokens_are_slowed_down_and_good_ones_from_the_same_address_are_not(
    caller: Caller, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WRONG_TOKENS_A_MINUTE = 2
    monkeypatch.setattr(limits, "WINDOW_SECONDS", 10**9)  # one that does not end in the middle of this test
    wrong = [Caller().call("GET", "/whoami", Authorization="Bearer wrong") for _ in range(4)]
    assert wrong[0].status_code == 401
    assert problem(wrong[-1], 429) == "too_many_requests"
    assert int(wrong[-1]["Retry-After"]) >= 1
    assert caller.call("GET", "/whoami").status_code == 200


def test_good_and_refused_uses_are_noted_with_their_address(caller: Caller) -> None:
    ended = TokenFactory(user=UserFactory())
    caller.call("GET", "/whoami")
    caller.call("POST", f"/tokens/{ended.pk}/revoke")
    assert uses.uses.accepted[caller.token.pk.int][1] == "127.0.0.1"
    gone = Caller("user")
    caller.call("POST", f"/tokens/{gone.token.pk}/revoke")
    gone.call("GET", "/whoami")
    assert uses.uses.rejected[gone.token.pk.int][0] == 1


def test_no_operation_answers_without_a_token() -> None:
    operations = [each for path in api.get_openapi_schema()["paths"].values() for each in path.values()]
    assert [each["security"] for each in operations] == [[{"BearerToken": []}]] * len(operations)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_dies_in_the_middle_of_a_transaction_is_an_outage() -> None:
    """Django replaces no connection there."""
    with transaction.atomic():
        connection.connection.close()
        with pytest.raises(lookup.Unavailable):
            lookup.by_digest(b"")
        transaction.set_rollback(True)
