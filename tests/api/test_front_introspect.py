"""`POST /oauth/introspect` (RFC 7662): what a token is, for those who may ask."""

import json

import pytest
from django.utils import timezone

from portal.oauth import front
from portal.users.models import User
from tests.api.asgi_client import FORM, Reply, ask, introspect
from tests.factories import AdministratorFactory, OperatorFactory, ServiceFactory, UserFactory, issue
from tokens import services, token_format
from tokens.models import Token
from tokens.verification import usage as uses

RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db


@pytest.fixture
def caller() -> str:
    """The token of a gateway's service account."""
    return issue(ServiceFactory(may_introspect=True), "gateway")[1]


def test_rfc_7662_section_2_2_a_good_token_is_described(caller: str) -> None:
    token, text = issue(OperatorFactory(username="grace@example.com"))
    reply = introspect(caller, ("token", text))
    assert (reply.status, reply.headers["Cache-Control"]) == (200, "no-store")
    assert reply.json == {
        "active": True,
        "username": "grace@example.com",
        "sub": str(token.user_id),
        "token_type": "Bearer",
        "iat": int(token.created_at.timestamp()),
        "exp": reply.json["exp"],
        "jti": str(token.pk),
        "client_id": token.name,
        "scope": "operator user",
        "role": "operator",
    }


def test_rfc_7662_section_2_1_a_hint_and_parameters_that_we_do_not_know_are_no_mistake(caller: str) -> None:
    _, text = issue()
    assert introspect(caller, ("token", text), ("token_type_hint", "refresh_token"), ("more", "x")).json["active"] is True


def test_rfc_7662_section_2_2_of_a_token_that_is_not_good_nothing_is_said(caller: str) -> None:
    revoked, revoked_text = issue()
    services.revoke(revoked, None, timezone.now())
    left, left_text = issue()
    User.objects.filter(pk=left.user_id).update(is_active=False)
    for text in (revoked_text, left_text, token_format.generate(), "nonsense", "é" * 40, "\x00", " " + revoked_text):
        reply = introspect(caller, ("token", text))
        assert (reply.status, reply.body) == (200, b'{"active": false}')


def test_an_administrator_may_ask_and_whoever_has_the_permission() -> None:
    _, text = issue()
    for owner in (AdministratorFactory(), UserFactory(may_introspect=True), ServiceFactory(may_introspect=True)):
        assert introspect(issue(owner)[1], ("token", text)).json["active"] is True


def test_rfc_6750_section_3_1_others_have_too_little_permission_even_for_their_own_token() -> None:
    for owner in (UserFactory(), OperatorFactory(), ServiceFactory()):
        _, text = issue(owner)
        reply = introspect(text, ("token", text))
        assert (reply.status, reply.error) == (403, "insufficient_scope")
        assert 'error="insufficient_scope"' in reply.headers["WWW-Authenticate"]


def test_rfc_7662_section_2_3_a_caller_without_a_good_token_of_its_own_gets_401() -> None:
    _, text = issue()
    assert introspect(None, ("token", text)).headers["WWW-Authenticate"].startswith('Bearer realm="Token Portal", Basic')
    reply = introspect(token_format.generate(), ("token", text))
    assert (reply.status, reply.error) == (401, "invalid_token")


def test_the_callers_own_revocation_counts_at_once(caller: str) -> None:
    _, text = issue()
    assert introspect(caller, ("token", text)).status == 200
    Token.objects.filter(digest=token_format.digest(caller)).update(revoked_at=timezone.now())
    assert introspect(caller, ("token", text)).status == 401


def bad_request(reply: Reply, status: int = 400) -> str:
    assert (reply.status, reply.error) == (status, "invalid_request")
    return reply.json["error_description"]


def test_no_token_parameter_an_empty_one_and_two_of_them_are_invalid_requests(caller: str) -> None:
    good = ("token", issue()[1])
    for parameters in ([], [("Token", "x")], [("token", "")], [good, good], [good, ("token", "")]):
        assert bad_request(introspect(caller, *parameters)) == "Send exactly one parameter: token."


def test_a_token_in_the_query_string_is_not_looked_at(caller: str) -> None:
    _, text = issue()
    bad_request(introspect(caller, QUERY_STRING=f"token={text}"))


@pytest.mark.parametrize("kind", ["", "application/json", "multipart/form-data; boundary=x", "text/plain", "x" * 5000])
def test_another_content_type_is_refused(caller: str, kind: str) -> None:
    assert FORM in bad_request(introspect(caller, ("token", issue()[1]), CONTENT_TYPE=kind), 415)


def test_the_content_type_may_have_a_parameter_and_any_case(caller: str) -> None:
    reply = introspect(caller, ("token", issue()[1]), CONTENT_TYPE="Application/X-WWW-Form-URLEncoded ; charset=UTF-8")
    assert reply.json["active"] is True


@pytest.mark.parametrize(("announced", "most"), [({}, 0), ({"CONTENT_LENGTH": ""}, 20_000)])
def test_a_form_of_one_megabyte_is_not_read_to_its_end(caller: str, announced: dict[str, str], most: int) -> None:
    reply = ask("/oauth/introspect", f"Bearer {caller}", "POST", b"token=" + b"a" * 1_000_000, CONTENT_TYPE=FORM, **announced)
    bad_request(reply, 413)
    assert reply.bytes_read <= most


def test_a_form_that_was_cut_off_is_an_invalid_request(caller: str) -> None:
    text = issue()[1]
    bad_request(ask("/oauth/introspect", f"Bearer {caller}", "POST", f"token={text}".encode(), CONTENT_TYPE=FORM, CONTENT_LENGTH="100"))


def test_a_form_that_does_not_come_is_given_up(caller: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "FORM_SECONDS", 0.01)
    reply = ask("/oauth/introspect", f"Bearer {caller}", "POST", None, CONTENT_TYPE=FORM, CONTENT_LENGTH="100")
    bad_request(reply, 408)


def test_who_may_not_ask_is_told_so_before_the_form_has_come() -> None:
    caller = f"Bearer {token_format.generate()}"
    assert ask("/oauth/introspect", caller, "POST", None, CONTENT_TYPE=FORM, CONTENT_LENGTH="100").status == 401


def test_a_body_whose_length_was_not_announced_is_read(caller: str) -> None:
    body = f"token={issue()[1]}".encode()
    assert ask("/oauth/introspect", f"Bearer {caller}", "POST", body, CONTENT_TYPE=FORM, CONTENT_LENGTH="").json["active"] is True


@pytest.mark.parametrize("length", ["x", "1e3", "é"])
def test_a_length_that_is_no_number_is_an_invalid_request(caller: str, length: str) -> None:
    environ = {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": length}
    bad_request(ask("/oauth/introspect", f"Bearer {caller}", "POST", b"token=x", **environ))


def test_a_body_that_is_no_text_is_a_token_that_is_not_good(caller: str) -> None:
    for body in (b"token=\xff\xfe", b"token=%ff%00", b"token=%", b"token=a&&&=&"):
        assert ask("/oauth/introspect", f"Bearer {caller}", "POST", body, CONTENT_TYPE=FORM).json == {"active": False}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_rfc_7662_section_4_a_token_is_asked_about_by_post_alone(caller: str, method: str) -> None:
    reply = ask("/oauth/introspect", f"Bearer {caller}", method, QUERY_STRING=f"token={caller}")
    assert (reply.status, reply.error, reply.headers["Allow"]) == (405, "method_not_allowed", "POST")


def test_a_name_of_any_letters_is_json(caller: str) -> None:
    _, text = issue(UserFactory(username='😀"\\\n</script>'))
    reply = introspect(caller, ("token", text))
    assert reply.body.isascii()
    assert json.loads(reply.body)["username"] == '😀"\\\n</script>'


def test_to_ask_about_a_token_is_a_use_of_it_from_where_only_the_caller_knows(caller: str) -> None:
    good, text = issue()
    ended, ended_text = issue()
    services.revoke(ended, None, timezone.now())
    introspect(caller, ("token", text))
    introspect(caller, ("token", ended_text))
    uses.flush(timezone.now())
    good.refresh_from_db()
    ended.refresh_from_db()
    asking = Token.objects.get(digest=token_format.digest(caller))
    assert (good.last_used_at is not None, good.last_used_from) == (True, None)
    assert (ended.refused_count, ended.refused_from, ended.last_used_at) == (1, None, None)
    assert (asking.last_used_at is not None, asking.last_used_from) == (True, "192.0.2.7")
