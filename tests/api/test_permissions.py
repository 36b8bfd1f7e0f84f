"""Who may do what in the API: one table over every operation of its document. An operation that the table does not know fails the test."""

from typing import Any

import pytest

import settings_app.services as config
from portal.api.app import api
from portal.core.actors import Actor
from portal.users import services as users
from portal.users.models import User
from tests.api.caller import API, Caller
from tests.factories import FaultFactory, TokenFactory, UserFactory, issue
from tokens.models import Token

RUNS_ON = "sqlite"


# Operation, then what it answers to: no token, user, operator, administrator. The object belongs to another user.
TABLE = """
whoami             GET     /whoami                          401 200 200 200
list_users         GET     /users                           401 403 200 200
create_user        POST    /users                           401 403 403 201
get_user           GET     /users/{username}                401 404 200 200
update_user        PATCH   /users/{username}                401 403 403 200
delete_user        DELETE  /users/{username}                401 403 403 204
activate_user      POST    /users/{username}/activate       401 403 403 200
deactivate_user    POST    /users/{username}/deactivate     401 403 403 200
list_sessions      GET     /users/{username}/sessions       401 404 404 200
end_sessions       DELETE  /users/{username}/sessions       401 404 404 204
create_token       POST    /users/{username}/tokens         401 404 403 201
list_tokens        GET     /tokens                          401 200 200 200
get_token          GET     /tokens/{token_id}               401 404 200 200
revoke_token       POST    /tokens/{token_id}/revoke        401 404 403 200
list_config        GET     /config                          401 403 200 200
get_config         GET     /config/{key}                    401 403 200 200
put_config         PUT     /config/{key}                    401 403 403 200
delete_config      DELETE  /config/{key}                    401 403 403 204
list_faults        GET     /faults                          401 403 200 200
acknowledge_fault  POST    /faults/{fault_id}/acknowledge   401 403 200 200
undo_acknowledge_fault DELETE /faults/{fault_id}/acknowledge 401 403 409 409
list_audit_entries GET     /audit                           401 403 200 200
"""
ROLES = (None, "user", "operator", "administrator")
ROWS = {words[0]: words[1:] for words in map(str.split, TABLE.strip().splitlines())}
BODIES = {
    "create_user": {"username": "new@example.com"},
    "update_user": {"display_name": "New"},
    "create_token": {"name": "deploy"},
    "put_config": {"value": "7"},
}


def address(operation: str) -> str:
    """The operation's path, with something of somebody else's in it."""
    other = UserFactory(username="other@example.com")
    if operation == "activate_user":
        User.objects.filter(pk=other.pk).update(is_active=False)
    names = {"username": other.username, "token_id": TokenFactory(user=other).pk, "fault_id": FaultFactory().pk}
    return ROWS[operation][1].format(**names, key=config.add("token_expiration_days", "15", None).key)


def test_every_operation_of_the_document_stands_in_the_table() -> None:
    paths = api.get_openapi_schema()["paths"]
    found = {each["operationId"]: [method.upper(), path] for path, methods in paths.items() for method, each in methods.items()}
    assert found == {name: [row[0], API + row[1]] for name, row in ROWS.items()}


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", ROWS)
def test_each_role_gets_what_the_table_says(operation: str, role: str | None) -> None:
    method, _, *statuses = ROWS[operation]
    caller = Caller(role)
    response = caller.call(method, address(operation), BODIES.get(operation))
    assert response.status_code == int(statuses[ROLES.index(role)]), response.content
    assert response["Cache-Control"].startswith("no-store")
    if response.status_code == 403:
        assert 'error="insufficient_scope"' in response["WWW-Authenticate"]


def everything() -> list[Any]:
    rows = [*User.objects.order_by("pk").values(), *Token.objects.order_by("pk").values("pk", "revoked_at")]
    return [*rows, config.get_many("token_expiration_days"), *FaultFactory._meta.model.objects.values()]


@pytest.mark.django_db
@pytest.mark.parametrize("operation", [name for name, row in ROWS.items() if row[0] != "GET"])
def test_a_refused_write_changes_nothing(operation: str) -> None:
    method, _, *statuses = ROWS[operation]
    path = address(operation)
    callers = [Caller(role) for role, status in zip(ROLES, statuses, strict=True) if status[0] == "4"]
    before = everything()
    for caller in callers:
        caller.call(method, path, BODIES.get(operation))
    assert everything() == before


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES[1:])
def test_a_users_token_reads_that_users_own_data(role: str) -> None:
    caller = Caller(role)
    assert caller.call("GET", f"/users/{caller.user.username}").json()["username"] == caller.user.username
    assert caller.call("GET", f"/tokens/{caller.token.pk}").json()["name"] == "caller"
    TokenFactory()
    assert len(caller.all("/tokens")) == (1 if role == "user" else 2)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES[1:])
def test_everybody_may_revoke_their_own_token(role: str) -> None:
    caller = Caller(role)
    mine = TokenFactory(user=caller.user)
    assert caller.call("POST", f"/tokens/{mine.pk}/revoke").json()["revoked_by"] == caller.user.username
    mine.refresh_from_db()
    assert mine.revoked_at


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "without"), [("user", 403), ("operator", 403), ("administrator", 201)])
def test_with_its_flag_everybody_may_create_their_own_tokens(role: str, without: int) -> None:
    caller = Caller(role)
    path = f"/users/{caller.user.username}/tokens"
    assert caller.call("POST", path, {"name": "one"}).status_code == without
    config.add("users_may_create_tokens", "true", None)
    assert caller.call("POST", path, {"name": "two"}).status_code == 201
    other = UserFactory()
    expected = {"user": 404, "operator": 403, "administrator": 201}[role]
    assert caller.call("POST", f"/users/{other.username}/tokens", {"name": "three"}).status_code == expected


@pytest.mark.django_db
def test_a_sessions_cookie_opens_nothing() -> None:
    caller = Caller()
    caller.force_login(UserFactory(role="administrator"))
    response = caller.call("GET", "/whoami")
    assert response.status_code == 401
    assert response.json()["error"] == "unauthorized"


@pytest.mark.django_db
def test_no_csrf_token_is_needed_since_no_cookie_counts() -> None:
    caller = Caller("administrator")
    caller.handler.enforce_csrf_checks = True
    assert caller.call("POST", "/users", {"username": "robot"}).status_code == 201


@pytest.mark.django_db
def test_the_token_of_a_deactivated_user_is_refused_by_the_very_next_request() -> None:
    caller, administrator = Caller("operator"), Caller("administrator")
    assert caller.call("GET", "/users").status_code == 200
    administrator.call("POST", f"/users/{caller.user.username}/deactivate")
    assert caller.call("GET", "/users").json()["error"] == "invalid_token"


@pytest.mark.django_db
def test_a_token_that_loses_its_owners_role_loses_it_at_once() -> None:
    caller, other = Caller("administrator"), UserFactory(role="administrator")
    users.update(caller.user, "", "user", Actor(other))
    assert caller.call("GET", "/users").status_code == 403


@pytest.mark.django_db
def test_a_temporary_token_may_do_what_its_sessions_user_may_do() -> None:
    caller = Caller()
    caller.force_login(UserFactory(role="operator"))
    caller.text = caller.post("/profile/temporary-token/", headers={"Accept": "application/json"}).json()["token"]
    assert caller.call("GET", "/whoami").json()["token"]["kind"] == "temporary"
    assert caller.call("GET", "/faults").status_code == 200
    assert caller.call("POST", "/users", {"username": "robot"}).status_code == 403
    caller.logout()
    assert caller.call("GET", "/whoami").status_code == 401


@pytest.mark.django_db
def test_a_temporary_token_is_not_among_the_tokens() -> None:
    owner = UserFactory()
    Caller().force_login(owner)
    temporary = owner.tokens.get()
    caller = Caller("administrator")
    assert caller.call("GET", f"/tokens/{temporary.pk}").status_code == 404
    assert caller.call("POST", f"/tokens/{temporary.pk}/revoke").status_code == 404
    assert [each["name"] for each in caller.all("/tokens")] == ["caller"]


@pytest.mark.django_db
def test_an_expired_token_is_refused() -> None:
    caller = Caller("user")
    _, caller.text = issue(caller.user, "old")
    Token.objects.filter(name="old").update(created_at="2020-01-01T00:00Z", expires_at="2020-01-02T00:00Z")
    assert caller.call("GET", "/whoami").status_code == 401
