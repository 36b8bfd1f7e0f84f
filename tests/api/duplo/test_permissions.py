"""Who may do what, by the rules of `/api/v1/`: one table over every operation. One that the table does not know fails the test."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

import settings_app.services as config
from portal.api.duplo.app import OPERATIONS
from portal.users.models import User
from tests.api.duplo.caller import DuploCaller
from tests.factories import TokenFactory, UserFactory
from tokens.models import Token

pytestmark = pytest.mark.django_db
# Method and path, then the statuses for: no token, user, operator, administrator. The object belongs to another user.
TABLE = """
GET    /v3/features/system                                   401 200 200 200
GET    /v3/version                                           401 200 200 200
GET    /admin/GetAllUserRoles                                401 403 200 200
GET    /admin/GetUserRoleInfo                                401 200 200 200
POST   /admin/UpdateUserRole                                 401 403 403 200
GET    /v3/admin/systemSettings/config                       401 403 200 200
POST   /v3/admin/systemSettings/config                       401 403 403 200
DELETE /v3/admin/systemSettings/config/{key}                 401 403 403 200
GET    /admin/GetAllFaults                                   401 403 200 200
GET    /adminproxy/GetAllFaults                              401 403 200 200
GET    /adminproxy/GetTenantNames                            401 200 200 200
GET    /admin/GetTenantsForUser                              401 200 200 200
GET    /v1/aiservicedesk/user/data/ApiTokens                 401 200 200 200
POST   /v1/aiservicedesk/user/data/ApiTokens                 401 403 403 200
DELETE /v1/aiservicedesk/user/data/ApiTokens/{token_id}      401 404 404 404
GET    /v1/aiservicedesk/admin/data/apiTokens                401 403 200 200
DELETE /v1/aiservicedesk/admin/data/apiTokens/{token_id}     401 403 403 200
GET    /v1/aiservicedesk/admin/faults                        401 403 200 200
"""
ROLES = (None, "user", "operator", "administrator")
ROWS = [line.split() for line in TABLE.strip().splitlines()]
BODIES = {
    "/admin/UpdateUserRole": {"Username": "other@example.com", "State": "deleted"},
    "/v3/admin/systemSettings/config": {"Type": "AppConfig", "Key": "session_minutes", "Value": "60"},
    "/v1/aiservicedesk/user/data/ApiTokens": {"name": "deploy"},
}


def address(path: str) -> str:
    """The path, with something of somebody else's in it."""
    other = UserFactory(username="other@example.com")
    return path.format(token_id=TokenFactory(user=other).pk, key=config.add("token_expiration_days", "15", None).key)


def everything() -> list[Any]:
    rows = [*User.objects.order_by("pk").values(), *Token.objects.order_by("pk").values("pk", "revoked_at")]
    return [*rows, config.get_many("token_expiration_days", "session_minutes")]


def test_every_url_stands_in_the_table() -> None:
    found = {f"/{pattern.pattern}".replace("uuidstr:", "").replace("<", "{").replace(">", "}") for pattern in OPERATIONS}
    assert found == {path for _, path, *_ in ROWS}


def requests() -> Iterator[tuple[str, str, Any, dict[str | None, int]]]:
    """Method, path, body and expected status by role, of each row of the table. What one changes is gone before the next."""
    for method, path, *statuses in ROWS:
        with transaction.atomic():
            body = BODIES.get(path) if method != "GET" else None
            yield method, address(path), body, dict(zip(ROLES, map(int, statuses), strict=True))
            transaction.set_rollback(True)


@pytest.mark.usefixtures("enabled")
@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_the_table_says(role: str | None) -> None:
    caller = DuploCaller(role)
    for method, url, body, statuses in requests():
        before = everything()
        response = caller.call(method, url, body)
        assert response.status_code == statuses[role], (method, url, response.getvalue())
        assert response["Content-Type"].startswith("application/json")
        assert "no-store" in response["Cache-Control"]
        if response.status_code >= 400:
            assert set(response.json()) == {"Message"}
            assert everything() == before


def test_while_the_flag_is_off_nothing_is_there() -> None:
    callers = DuploCaller(), DuploCaller("administrator")
    for method, url, body, _ in requests():
        for caller in callers:
            response = caller.call(method, url, body)
            assert (response.status_code, response["Content-Type"]) == (404, "application/json"), (method, url)
            assert caller.call("PATCH", url).status_code == 404


@pytest.mark.usefixtures("enabled")
def test_a_sessions_cookie_opens_nothing() -> None:
    caller = DuploCaller()
    caller.force_login(UserFactory(role="administrator"))
    for method, url, body, _ in requests():
        assert caller.call(method, url, body).status_code == 401, (method, url)


@pytest.mark.usefixtures("enabled")
def test_an_actor_who_ended_meanwhile_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who acts is checked again in the transaction that writes."""
    caller, other = DuploCaller("administrator"), UserFactory()
    monkeypatch.setattr("portal.core.actors.Actor.is_valid", lambda *_: False)
    response = caller.call("POST", "/admin/UpdateUserRole", {"Username": other.username, "Roles": ["Administrator"], "State": "updated"})
    assert response.status_code == 401
    other.refresh_from_db()
    assert other.role == "user"
