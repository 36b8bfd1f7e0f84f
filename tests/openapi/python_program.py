"""Calls every operation through the client that openapi-python-client has generated as the package `portal_client`. Run by
tests/openapi/test_python_client.py, which also checks its types."""

import os
import uuid
from http import HTTPStatus

import httpx
from portal_client import AuthenticatedClient, Client
from portal_client.api.audit_trail import list_audit_entries
from portal_client.api.config import delete_config, get_config, list_config, put_config
from portal_client.api.faults import acknowledge_fault, list_faults, undo_acknowledge_fault
from portal_client.api.token_endpoints import cli_token, device_authorization, oauth_introspect, oauth_metadata, oauth_revoke, verify
from portal_client.api.tokens import create_token, get_token, list_tokens, revoke_token
from portal_client.api.users import (
    activate_user,
    create_user,
    deactivate_user,
    delete_user,
    end_sessions,
    get_user,
    list_sessions,
    list_users,
    update_user,
)
from portal_client.api.who_am_i import whoami
from portal_client.models import (
    AccessToken,
    AuditPage,
    AuthorizationServer,
    CliTokenBody,
    ConfigIn,
    ConfigOut,
    ConfigPage,
    DeviceAuthorization,
    DeviceAuthorizationBody,
    Empty,
    Error,
    FaultOut,
    FaultPage,
    GetConfigKey,
    Introspection,
    ListTokensStatus,
    OauthIntrospectBody,
    OauthRevokeBody,
    PutConfigKey,
    Role,
    SessionPage,
    TokenIn,
    TokenMade,
    TokenOut,
    TokenPage,
    TokenStatus,
    UserChange,
    UserIn,
    UserOut,
    UserPage,
    WhoAmI,
)
from portal_client.models import DeleteConfigKey as DeleteKey

PORTAL = os.environ["PORTAL"]


def report(response: httpx.Response) -> None:
    """Each line is a request that was sent: its method, path and status."""
    print(response.request.method, response.request.url.path, response.status_code)  # noqa: T201


hooks = {"event_hooks": {"response": [report]}}
client = AuthenticatedClient(PORTAL, os.environ["TOKEN"], httpx_args=hooks, raise_on_unexpected_status=True)


def users() -> None:
    made = create_user.sync(client=client, body=UserIn("python-robot", display_name="Robot"))
    assert isinstance(made, UserOut)
    assert (made.role, made.last_login) == (Role.USER, None)
    read = get_user.sync_detailed("python-robot", client=client)
    change = UserChange(may_introspect=True)
    changed = update_user.sync("python-robot", client=client, body=change, if_match=read.headers["ETag"])
    assert isinstance(changed, UserOut)
    assert (changed.may_introspect, changed.display_name) == (True, "Robot")
    stale = update_user.sync_detailed("python-robot", client=client, body=change, if_match=read.headers["ETag"])
    assert isinstance(stale.parsed, Error)
    assert (stale.status_code, stale.parsed.error) == (HTTPStatus.PRECONDITION_FAILED, "precondition_failed")
    assert isinstance(deactivate_user.sync("python-robot", client=client), UserOut)
    assert isinstance(activate_user.sync("python-robot", client=client), UserOut)
    page = list_users.sync(client=client, q="python-robot", limit=1)
    assert isinstance(page, UserPage)
    assert [user.username for user in page.items] == ["python-robot"]


def new_token(name: str) -> TokenMade:
    key, body = uuid.uuid4().hex, TokenIn(name)
    made = create_token.sync("python-robot", client=client, body=body, idempotency_key=key)
    again = create_token.sync("python-robot", client=client, body=body, idempotency_key=key)
    assert isinstance(made, TokenMade)
    assert isinstance(again, TokenOut)
    assert made.id == again.id
    return made


def tokens() -> None:
    first, second = new_token("first"), new_token("second")
    described = oauth_introspect.sync(client=client, body=OauthIntrospectBody(first.secret))
    assert isinstance(described, Introspection)
    assert (described.active, described.username) == (True, "python-robot")
    theirs = AuthenticatedClient(PORTAL, first.secret, httpx_args=hooks, raise_on_unexpected_status=True)
    assert verify.sync_detailed(client=theirs).headers["X-Auth-User"] == "python-robot"
    read = get_token.sync(first.id, client=client)
    assert isinstance(read, TokenOut)
    assert read.status == TokenStatus.ACTIVE
    page = list_tokens.sync(client=client, user="python-robot", status=ListTokensStatus.ACTIVE)
    assert isinstance(page, TokenPage)
    assert {token.name for token in page.items} == {"first", "second"}
    revoked = revoke_token.sync(first.id, client=client)
    assert isinstance(revoked, TokenOut)
    assert revoked.status == TokenStatus.REVOKED
    assert isinstance(oauth_revoke.sync(client=client, body=OauthRevokeBody(second.secret)), Empty)
    rejected = verify.sync_detailed(client=theirs)
    assert isinstance(rejected.parsed, Error)
    assert (rejected.status_code, rejected.parsed.error) == (HTTPStatus.UNAUTHORIZED, "invalid_token")


def config() -> None:
    read = get_config.sync(GetConfigKey.SESSION_MINUTES, client=client)
    assert isinstance(read, ConfigOut)
    written = put_config.sync(PutConfigKey.SESSION_MINUTES, client=client, body=ConfigIn("90"))
    assert isinstance(written, ConfigOut)
    assert (written.value, written.default, written.is_set) == ("90", read.default, True)
    assert delete_config.sync_detailed(DeleteKey.SESSION_MINUTES, client=client).status_code == HTTPStatus.NO_CONTENT
    page = list_config.sync(client=client)
    assert isinstance(page, ConfigPage)
    assert "session_minutes" in [key.key for key in page.items]


def faults() -> None:
    page = list_faults.sync(client=client)
    assert isinstance(page, FaultPage)
    acknowledged = acknowledge_fault.sync(page.items[0].id, client=client)
    assert isinstance(acknowledged, FaultOut)
    assert acknowledged.acknowledged_by
    undone = undo_acknowledge_fault.sync(page.items[0].id, client=client)
    assert isinstance(undone, FaultOut)
    assert not undone.acknowledged_by


def audit() -> None:
    page = list_audit_entries.sync(client=client, limit=1)
    assert isinstance(page, AuditPage)
    assert page.items[0].event
    assert page.next_ == page.items[0].sequence


def sign_in() -> None:
    anonymous = Client(PORTAL, httpx_args=hooks, raise_on_unexpected_status=True)
    metadata = oauth_metadata.sync(client=anonymous)
    assert isinstance(metadata, AuthorizationServer)
    assert metadata.token_endpoint.endswith("/cli/token")
    given = cli_token.sync(client=anonymous, body=CliTokenBody(code=os.environ["CODE"], code_verifier=os.environ["VERIFIER"]))
    assert isinstance(given, AccessToken)
    assert given.token_type == "Bearer"
    codes = device_authorization.sync(client=anonymous, body=DeviceAuthorizationBody("robot"))
    assert isinstance(codes, DeviceAuthorization)
    poll = CliTokenBody(grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code=codes.device_code)
    pending = cli_token.sync(client=anonymous, body=poll)
    assert isinstance(pending, Error)
    assert pending.error == "authorization_pending"


def sessions(username: str) -> None:
    page = list_sessions.sync(username, client=client)
    assert isinstance(page, SessionPage)
    assert page.items[0].signed_in_at
    assert end_sessions.sync_detailed(username, client=client).status_code == HTTPStatus.NO_CONTENT
    page = list_sessions.sync(username, client=client)
    assert isinstance(page, SessionPage)
    assert page.items == []


me = whoami.sync(client=client)
assert isinstance(me, WhoAmI)
users()
tokens()
config()
faults()
audit()
sign_in()
sessions(me.user.username)
assert delete_user.sync_detailed("python-robot", client=client).status_code == HTTPStatus.NO_CONTENT
