"""Errors are `{"Message"}` with the real status: never a page, and never a redirect to one."""

from typing import Any

import pytest
from django.db import OperationalError

from tests.api.duplo.caller import DuploCaller
from tokens.verification.lookup import Unavailable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("enabled")]
UPDATE = "/admin/UpdateUserRole"


@pytest.fixture
def caller(enabled: None) -> DuploCaller:
    return DuploCaller("administrator")


def message(response: Any, status: int) -> str:
    assert response.status_code == status, response.getvalue()
    assert response["Content-Type"] == "application/json"
    assert int(response.headers.get("Content-Length", len(response.content))) == len(response.content)
    assert "no-store" in response["Cache-Control"]
    assert set(response.json()) == {"Message"}
    return response.json()["Message"]


def test_a_token_that_is_not_valid_is_rejected(caller: DuploCaller) -> None:
    response = caller.call("GET", "/v3/features/system", Authorization="Bearer garbage")
    assert message(response, 401)
    assert 'error="invalid_token"' in response["WWW-Authenticate"]


@pytest.mark.parametrize(
    "path",
    [
        "/v3/features/system/",
        "/v3/auth/version",
        "/v1/aiservicedesk/user/data/ApiTokens/7",
        "/adminproxy/GetInfrastructureConfigs/true",
        "/admin/AddTenant",
        "/build-metadata.json",
        "/frontdoor/build-metadata.json",
        "/v3/admin/systemSettings/config/",
    ],
)
def test_what_the_portal_does_not_have_is_not_found(caller: DuploCaller, path: str) -> None:
    assert message(caller.call("GET", path), 404)


def test_a_token_in_the_address_is_no_redirect(caller: DuploCaller) -> None:
    assert caller.text not in message(caller.call("GET", f"/v3/version?q={caller.text}"), 404)


def test_the_django_admin_keeps_its_pages(caller: DuploCaller) -> None:
    for path in ("/admin/", "/admin/faults/fault/", "/admin/getalluserroles", "/admin/nothing"):
        response = caller.call("GET", path)
        assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/admin/login/")


def test_another_method_is_not_allowed(caller: DuploCaller) -> None:
    response = caller.call("PUT", "/v3/version")
    assert message(response, 405)
    assert response["Allow"] == "GET"


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_json_is_a_bad_request(caller: DuploCaller, data: bytes) -> None:
    headers = {"Authorization": f"Bearer {caller.text}"}
    assert message(caller.post(UPDATE, data, content_type="application/json", headers=headers), 400)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_that_is_a_form_is_rejected(caller: DuploCaller, kind: str) -> None:
    headers = {"Authorization": f"Bearer {caller.text}"}
    assert message(caller.post(UPDATE, b"Username=x", content_type=kind, headers=headers), 415)


def test_a_body_that_is_too_large_is_rejected(caller: DuploCaller) -> None:
    assert message(caller.call("POST", UPDATE, {"Username": "x" * 2_000_000}), 413)


@pytest.mark.parametrize("path", ["/v3/admin/systemSettings/config/a%00b", "/v3/admin/systemSettings/config/nothing"])
def test_a_key_that_cannot_be_is_not_found(caller: DuploCaller, path: str) -> None:
    assert message(caller.call("DELETE", path), 404)


@pytest.mark.parametrize("name", ["", "a\0b", "two words", "x" * 200, "<b>"])
def test_a_name_that_no_user_can_have_is_rejected(caller: DuploCaller, name: str) -> None:
    for state in ("added", "updated", "deleted"):
        assert message(caller.call("POST", UPDATE, {"Username": name, "State": state}), 422)


@pytest.mark.parametrize("body", [{}, [], {"Username": 7}, {"Username": "a", "Roles": ["Root"]}, {"Username": "a", "State": "gone"}])
def test_a_body_of_another_shape_is_rejected(caller: DuploCaller, body: Any) -> None:
    assert message(caller.call("POST", UPDATE, body), 422)


def test_no_csrf_token_is_needed_since_no_cookie_counts(caller: DuploCaller) -> None:
    caller.handler.enforce_csrf_checks = True
    assert caller.ask("POST", UPDATE, {"Username": "robot"})["Username"] == "robot"


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("portal.api.auth.authenticate", Unavailable()),
        ("portal.api.auth.authenticate", OperationalError("gone")),
        ("settings_app.services.get", OperationalError("gone")),
        ("portal.users.services.create", OperationalError("gone")),
    ],
)
def test_a_database_that_does_not_respond_is_unavailable(
    caller: DuploCaller, monkeypatch: pytest.MonkeyPatch, place: str, error: Exception
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(place, fail)
    response = caller.call("POST", UPDATE, {"Username": "robot"})
    assert message(response, 503)
    assert response["Retry-After"] == "1"


def test_a_bug_is_a_server_error_without_its_details(caller: DuploCaller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.users.services.create", lambda *_: 1 / 0)
    assert "division" not in message(caller.call("POST", UPDATE, {"Username": "robot"}), 500)
