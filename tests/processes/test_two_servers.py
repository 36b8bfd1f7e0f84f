"""Two server processes on one database: what one of them ends, the very next request to the other is refused."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils import timezone

from portal.users.models import User
from tests.factories import PASSWORD, AdministratorFactory, UserFactory, issue
from tests.processes.running import until
from tests.processes.serving import FORM, Server, environment, this_database
from tests.processes.visitor import HIDDEN, Visitor
from tokens import sessions, token_format
from tokens.models import Token

RUNS_ON = "postgres"
NEW_PASSWORD = "another-horse-battery"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """New ones for each test: a server remembers the content types' numbers, which the tests' database changes from test to test."""
    # DEBUG: pages without collected style sheets. What is in front of Django knows no such thing.
    values = environment(tmp_path, this_database(), DEBUG="true", WRONG_TOKENS_A_MINUTE="100000")
    with Server(values) as one, Server(values) as other:
        yield one.answers(), other.answers()


def with_password(user: User) -> User:
    """The tests' own hash is one that no server of production takes."""
    hasher = PBKDF2PasswordHasher()
    User.objects.filter(pk=user.pk).update(password=hasher.encode(PASSWORD, hasher.salt()))
    return user


def signed_in(server: Server, user: User) -> tuple[Visitor, str]:
    """A visitor of `server`, and the temporary token of this sign-in."""
    before = set(Token.objects.values_list("pk", flat=True))
    visitor = Visitor(server.address)
    visitor.sign_in(user.username, PASSWORD)
    text = sessions.reveal(Token.objects.exclude(pk__in=before).get(kind=Token.Kind.TEMPORARY, user=user))
    assert text
    return visitor, text


def test_a_token_that_one_revokes_is_refused_by_the_next_request_to_the_other(servers: tuple[Server, Server]) -> None:
    one, other = servers
    owner = UserFactory()
    _, caller = issue(AdministratorFactory())
    for n in range(10):
        _, text = issue(owner, f"token {n}")
        assert (one.verify(text).status, other.verify(text).status) == (204, 204)
        assert b'"active": true' in other.introspect(caller, text)
        assert one.ask("POST", "/oauth/revoke", text, {"token": text}).status == 200
        assert other.verify(text).status == 401
        assert other.introspect(caller, text) == b'{"active": false}'
        one, other = other, one


def test_a_user_whom_one_deactivates_is_refused_by_the_next_request_to_the_other(servers: tuple[Server, Server]) -> None:
    one, other = servers
    owner, administrator = with_password(UserFactory()), with_password(AdministratorFactory())
    _, permanent = issue(owner)
    _, temporary = signed_in(other, owner)
    visitor, _ = signed_in(one, administrator)
    assert [other.verify(text).status for text in (permanent, temporary)] == [204, 204]
    visitor.submit(f"/administrator/users/{owner.username}/deactivate/")
    assert [other.verify(text).status for text in (permanent, temporary)] == [401, 401]


def test_a_password_change_in_one_ends_the_other_sessions_tokens_in_the_other_at_once(servers: tuple[Server, Server]) -> None:
    one, other = servers
    owner = with_password(UserFactory())
    _, permanent = issue(owner)
    visitor, own = signed_in(one, owner)
    _, elsewhere = signed_in(other, owner)
    texts = (permanent, own, elsewhere)
    assert [other.verify(text).status for text in texts] == [204, 204, 204]
    visitor.submit("/accounts/password/", oldpassword=PASSWORD, password1=NEW_PASSWORD, password2=NEW_PASSWORD)
    assert [other.verify(text).status for text in texts] == [204, 204, 401]
    assert [one.verify(text).status for text in texts] == [204, 204, 401]


def test_signing_out_of_one_ends_the_temporary_token_in_the_other_at_once(servers: tuple[Server, Server]) -> None:
    one, other = servers
    visitor, text = signed_in(one, with_password(UserFactory()))
    assert other.verify(text).status == 204
    visitor.submit("/accounts/sign-out/")
    assert other.verify(text).status == 401


@pytest.mark.field
def test_a_session_that_one_ends_is_over_in_the_other_with_its_token_at_once(servers: tuple[Server, Server]) -> None:
    one, other = servers
    owner = with_password(UserFactory())
    visitor, own = signed_in(one, owner)
    elsewhere, text = signed_in(other, owner)
    assert other.verify(text).status == 204
    form = dict(HIDDEN.findall(visitor.get("/profile/sessions/")))
    assert "1 session ended." in visitor.get("/profile/sessions/end-others/", form)
    assert [other.verify(each).status for each in (own, text)] == [204, 401]
    assert "Forgot your password" in elsewhere.get("/profile/")
    assert owner.username in visitor.get("/profile/")


def test_both_refuse_a_token_from_the_very_instant_of_its_end(servers: tuple[Server, Server]) -> None:
    token, text = issue()
    for seconds in (0.7, 20):  # on a busy machine the first may be over before anything was answered
        ends = timezone.now() + timedelta(seconds=seconds)
        Token.objects.filter(pk=token.pk).update(expires_at=ends)
        asked: list[tuple[datetime, int, datetime]] = []
        while timezone.now() < ends + timedelta(seconds=0.2):
            for server in servers:
                asked.append((timezone.now(), server.verify(text).status, timezone.now()))
        before = {status for _, status, answered in asked if answered < ends}
        after = {status for began, status, _ in asked if began >= ends}
        if before:
            break
    assert (before, after) == ({204}, {401})


def test_a_server_that_is_stopped_writes_the_uses_that_it_still_has(tmp_path: Path) -> None:
    token, text = issue()
    ended, ended_text = issue()
    Token.objects.filter(pk=ended.pk).update(revoked_at=timezone.now())
    with Server(environment(tmp_path, this_database(), TRUSTED_PROXIES="127.0.0.1")) as server:
        server.answers()
        # The first use is written within seconds, the later ones wait for the minute to pass: at the end they are in memory alone.
        server.verify(text)
        until(lambda: Token.objects.get(pk=token.pk).last_used_at, "first use")
        began = timezone.now()
        assert server.ask("GET", "/verify", text, **{"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}).status == 204
        for _ in range(3):
            assert server.verify(ended_text).status == 401
        server.stop()
    token.refresh_from_db()
    ended.refresh_from_db()
    assert token.last_used_at > began
    assert token.last_used_from == "203.0.113.9"
    assert (ended.refused_count, ended.refused_from) == (3, "127.0.0.1")
    assert text not in server.output


def test_a_real_server_takes_what_no_client_should_send(servers: tuple[Server, Server]) -> None:
    server, _ = servers
    _, caller = issue(AdministratorFactory())
    assert server.ask("POST", "/oauth/introspect", caller, {"token": "a" * 1_000_000}).status == 413
    server.connection.close()
    parts = iter((b"tok", b"en=", caller.encode()))
    server.connection.request("POST", "/oauth/introspect", parts, {"Authorization": f"Bearer {caller}", **FORM}, encode_chunked=True)
    response = server.connection.getresponse()
    assert (response.status, b'"active": true' in response.read()) == (200, True)
    for name in (b"Authorization: Bearer \xff\xfe", b"Authorization: Bearer " + token_format.generate().encode() * 2000):
        server.connection.putrequest("GET", "/verify")
        server.connection.putheader(*name.split(b": "))
        server.connection.endheaders()
        response = server.connection.getresponse()
        response.read()
        assert response.status in (400, 401, 431)
        server.connection.close()
