"""`POST /oauth/revoke` by RFC 7009, and who may end whose token."""

from typing import Any
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from portal.audit.models import Entry
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.users.models import User
from tests.factories import AdministratorFactory, OperatorFactory, ServiceFactory, UserFactory, issue
from tests.pages.visitor import Visitor
from tokens import services, sessions
from tokens.models import Token
from tokens.verification import usage as uses
from tokens.verification.lookup import Unavailable
from tokens.verification.verify import Rejected, RejectionReason, verify

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def no_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that writes uses would write into a database that the test's end takes away."""
    monkeypatch.setattr(uses.Uses, "start", lambda self: None)


def revoke(bearer: str | None, token: str | None = None, body: str = "", **options: Any) -> Any:
    """The answer to a caller who shows `bearer` and asks for the end of `token`. CSRF checks are on, as they are in truth."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    options = {"content_type": FORM, "headers": headers, **options}
    return Client(enforce_csrf_checks=True).post("/oauth/revoke", f"token={token}" if token else body, **options)


def temporary(user: User) -> str:
    """The text of a new session's token."""
    Visitor(user)
    return sessions.reveal(Token.objects.get(user=user, kind=Token.Kind.TEMPORARY)) or ""


def state(text: str) -> RejectionReason | str:
    found = verify(text, timezone.now())
    return found.reason if isinstance(found, Rejected) else "good"


def test_rfc_7009_section_2_1_a_token_named_by_its_bearer_is_revoked() -> None:
    """The section's example, with its hint, and our way to authenticate."""
    token, text = issue()
    answer = revoke(text, body=f"token={text}&token_type_hint=refresh_token")
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer["Cache-Control"] == "no-store"
    assert state(text) is RejectionReason.REVOKED
    assert Token.objects.get(pk=token.pk).revoked_by == token.user


def test_rfc_7009_section_2_1_a_token_that_is_somebody_elses_is_refused_and_stays_good() -> None:
    _, theirs = issue()
    for caller in (UserFactory(), OperatorFactory(), ServiceFactory(may_introspect=True)):
        answer = revoke(issue(caller)[1], theirs)
        assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
        assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]
    assert state(theirs) == "good"


@pytest.mark.parametrize("token", ["no-token", "x" * 10_000, "%00%ff%F0%9F%92%A9", "tpp_" + "0" * 38, sessions.derive("key", "id")])
def test_rfc_7009_section_2_2_a_token_that_nobody_has_is_no_error(token: str) -> None:
    assert revoke(issue()[1], token).status_code == 200


def test_rfc_7009_section_2_2_a_token_that_ended_already_is_no_error_and_keeps_the_time_of_its_end() -> None:
    token, ended = issue()
    services.revoke(token, None, timezone.now())
    before = Token.objects.values().get(pk=token.pk)
    for caller in (token.user, UserFactory(), AdministratorFactory()):
        assert revoke(issue(caller, "caller")[1], ended).status_code == 200
    assert Token.objects.values().get(pk=token.pk) == before


def test_rfc_7009_section_2_2_1_without_a_database_the_client_may_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _, text = issue()

    for name, error in (
        ("tokens.verification.authenticate.verify", Unavailable),
        ("portal.oauth.revocation.services.revoke", OperationalError),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(name, Mock(side_effect=error))
            answer = revoke(text, text)
        assert (answer.status_code, answer["Retry-After"], answer.json()["error"]) == (503, "1", "temporarily_unavailable")
    assert state(text) == "good"


def test_a_caller_may_end_every_token_of_the_same_owner_and_no_other() -> None:
    owner = UserFactory()
    (_, caller), (_, other), session, (_, strangers) = issue(owner, "one"), issue(owner, "two"), temporary(owner), issue()
    assert [revoke(caller, text).status_code for text in (other, session, strangers)] == [200, 200, 403]
    assert [state(text) for text in (caller, other, session, strangers)] == [
        "good",
        RejectionReason.REVOKED,
        RejectionReason.REVOKED,
        "good",
    ]


def test_an_administrator_may_end_any_and_the_audit_trail_says_who_did_it() -> None:
    administrator = AdministratorFactory()
    token, text = issue()
    session = temporary(UserFactory())
    caller = temporary(administrator)
    assert [revoke(caller, each).status_code for each in (text, session)] == [200, 200]
    assert [state(each) for each in (text, session)] == [RejectionReason.REVOKED] * 2
    entry = Entry.objects.get(target_id=str(token.pk), event="token.revoked")
    assert (entry.actor, list(entry.changes)) == (administrator, ["revoked_at"])
    assert text not in str(list(Entry.objects.values_list("changes", "target_name")))


def test_a_temporary_token_ends_itself() -> None:
    text = temporary(UserFactory())
    assert revoke(text, text).status_code == 200
    assert revoke(text, text).status_code == 401


@pytest.mark.parametrize(
    ("bearer", "status", "error"),
    [
        (None, 401, "unauthorized"),
        ("no-token", 401, "invalid_token"),
        (sessions.derive("key", "id"), 401, "invalid_token"),
        ("a b", 400, "invalid_request"),
    ],
)
def test_a_caller_without_a_good_token_is_refused(bearer: str | None, status: int, error: str) -> None:
    _, text = issue()
    answer = revoke(bearer, text)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer["WWW-Authenticate"].startswith("Bearer realm=")
    assert state(text) == "good"


def test_the_cookie_of_a_session_is_nobodys_credential() -> None:
    administrator = Visitor(AdministratorFactory())
    _, text = issue()
    assert administrator.post("/oauth/revoke", f"token={text}", content_type=FORM).status_code == 401
    assert state(text) == "good"


def test_a_request_that_is_no_form_with_one_token_is_told_so() -> None:
    _, text = issue()
    for body in ("x=1", "token=", f"token={text}&token={text}", f"tokens={text}"):
        answer = revoke(text, body=body)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert revoke(text, body=f'{{"token": "{text}"}}', content_type="application/json").status_code == 415
    assert revoke(text, "x" * 1_000_000).status_code == 413
    assert (
        Client().post(f"/oauth/revoke?token={text}", "x=1", content_type=FORM, headers={"Authorization": f"Bearer {text}"}).status_code
        == 400
    )
    assert state(text) == "good"


def test_only_post_is_answered() -> None:
    for method in ("get", "put", "delete", "options", "head"):
        answer = getattr(Client(), method)("/oauth/revoke")
        assert (answer.status_code, answer["Allow"]) == (405, "POST")
        assert method == "head" or answer.json()["error"] == "method_not_allowed"


def test_a_caller_whose_own_token_ends_meanwhile_is_unauthorized_not_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    token, text = issue()
    presented = access.actor_of

    def ended(request: HttpRequest) -> Actor:
        services.revoke(token, None, timezone.now())
        return presented(request)

    monkeypatch.setattr(access, "actor_of", ended)
    answer = revoke(text, text)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    token, text = issue(token.user, "second")
    answer = Client().post(f"/api/v1/tokens/{issue(token.user, 'third')[0].pk}/revoke", headers={"Authorization": f"Bearer {text}"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
