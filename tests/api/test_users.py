import pytest
from django.core import mail as outbox

from portal.notifications.models import Message
from portal.users.models import User
from tests.api.caller import Caller
from tests.factories import AdministratorFactory, ServiceFactory, TokenFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(db: None) -> Caller:
    return Caller("administrator")


def test_whoami_says_whom_the_token_speaks_for_and_which_it_is(caller: Caller) -> None:
    answer = caller.call("GET", "/whoami").json()
    assert answer["user"]["username"] == caller.user.username
    assert answer["user"]["role"] == "administrator"
    assert answer["token"] == {
        "id": str(caller.token.pk),
        "kind": "permanent",
        "name": "caller",
        "hint": f"tpp_…{caller.text[-4:]}",
        "created_at": caller.token.created_at.isoformat(),
        "expires_at": caller.token.expires_at.isoformat(),
        "expires_on": f"{caller.token.expires_on}",
    }


def test_instants_have_their_offset(caller: Caller) -> None:
    assert caller.call("GET", "/whoami").json()["user"]["created_at"].endswith("+00:00")


def test_users_are_listed_by_name_and_deleted_ones_are_not(caller: Caller) -> None:
    UserFactory(username="zoe@example.com"), ServiceFactory(username="a-robot")
    gone = UserFactory()
    assert caller.call("DELETE", f"/users/{gone.username}").status_code == 204
    assert [each["username"] for each in caller.all("/users")] == ["a-robot", caller.user.username, "zoe@example.com"]
    assert caller.call("GET", f"/users/{gone.username}").status_code == 404


@pytest.mark.parametrize(("q", "found"), [("ZOE", ["zoe@example.com"]), ("fennel", ["zoe@example.com"]), ("nobody", []), ("z%", [])])
def test_users_are_found_by_username_and_display_name(caller: Caller, q: str, found: list[str]) -> None:
    UserFactory(username="zoe@example.com", display_name="Z. Fennel")
    assert [each["username"] for each in caller.all("/users", q=q)] == found


def test_a_person_is_created_and_invited(caller: Caller) -> None:
    response = caller.call("POST", "/users", {"username": "new@example.com", "display_name": " New ", "role": "operator"})
    assert response.status_code == 201
    user = User.objects.get(username="new@example.com")
    assert (user.display_name, user.role, user.kind, user.email) == ("New", "operator", "person", "new@example.com")
    assert {"username": "new@example.com", "kind": "person", "is_active": True, "last_login": None}.items() <= response.json().items()
    assert Message.objects.get().recipient == "new@example.com"
    assert not outbox.outbox


def test_any_other_name_makes_a_service_account(caller: Caller) -> None:
    assert caller.call("POST", "/users", {"username": "robot"}).json()["kind"] == "service"


def test_what_is_left_out_of_a_change_stays(caller: Caller) -> None:
    user = UserFactory(username="zoe@example.com", display_name="Zoe", role="operator")
    path = f"/users/{user.username}"
    assert caller.call("PATCH", path, {"may_introspect": True}).json()["may_introspect"] is True
    assert caller.call("PATCH", path, {"display_name": ""}).json()["display_name"] == ""
    answer = caller.call("PATCH", path, {"role": "administrator"}).json()
    assert (answer["display_name"], answer["role"], answer["may_introspect"]) == ("", "administrator", True)
    assert caller.call("PATCH", path, {}).json() == answer


def test_deactivating_ends_every_token_and_activating_brings_none_back(caller: Caller) -> None:
    token = TokenFactory()
    path = f"/users/{token.user.username}"
    assert caller.call("POST", f"{path}/deactivate").json()["is_active"] is False
    assert caller.call("POST", f"{path}/activate").json()["is_active"] is True
    token.refresh_from_db()
    assert token.revoked_at


REFUSALS = [
    ("POST", "/users", {"username": "TAKEN@example.com"}, "username", "A user named taken@example.com already exists."),
    ("POST", "/users", {"username": "a b"}, "username", "Use an email address, or a name of letters, digits and"),
    ("POST", "/users", {"username": "jane.doe@examplecom"}, "username", "jane.doe@examplecom is not a valid email address."),
    ("POST", "/users", {"username": "jane@bücher.example"}, "username", "Enter the domain in its ASCII form: jane@xn--bcher-kva.example"),
    ("POST", "/users", {"username": "add"}, "username", '"add" is reserved.'),
    (
        "POST",
        "/users",
        {"username": "robot", "role": "operator"},
        "role",
        "A service account always has the role User. For any other role, enter a person's email address.",
    ),
    ("POST", "/users", {"username": "x" * 151}, "username", "String should have at most 150 characters"),
    ("POST", "/users", {"username": "x", "display_name": "\0"}, "display_name", "Display name can't contain line breaks"),
    ("POST", "/users", {"username": "x", "display_name": "\ud800"}, "display_name", "Display name can't contain line breaks"),
    ("POST", "/users", {"username": "x", "role": "king"}, "role", "Input should be 'user', 'operator' or 'administrator'"),
    ("POST", "/users", {"username": "x", "admin": True}, "admin", "Extra inputs are not permitted"),
    ("POST", "/users", {}, "username", "Field required"),
    ("POST", "/users", [], "data", "Input should be a valid dictionary"),
    ("PATCH", "/users/{me}", {"role": "user"}, "role", "You can't remove your own Administrator role."),
    ("POST", "/users/{me}/deactivate", None, None, "You can't deactivate yourself."),
    ("DELETE", "/users/{me}", None, None, "You can't delete yourself."),
    ("POST", "/users/taken@example.com/activate", None, None, "taken@example.com is already active."),
]


@pytest.mark.parametrize(("method", "path", "data", "field", "words"), REFUSALS)
def test_a_rule_that_is_broken_is_told_in_the_words_of_the_pages(
    caller: Caller, method: str, path: str, data: object, field: str | None, words: str
) -> None:
    UserFactory(username="taken@example.com")
    AdministratorFactory()
    response = caller.call(method, path.format(me=caller.user.username), data)
    answer = response.json()
    assert response.status_code == 422
    assert answer["error"] == "invalid_value"
    assert answer["error_description"].startswith(words)
    assert answer.get("field") == field


def test_a_user_gets_another_name_and_address(caller: Caller) -> None:
    user = UserFactory(username="anna@example.com")
    answer = caller.call("PATCH", f"/users/{user.username}", {"username": "jones@example.com", "display_name": "Anna Jones"}).json()
    assert (answer["username"], answer["email"], answer["display_name"]) == ("jones@example.com", "jones@example.com", "Anna Jones")
    assert caller.call("GET", "/users/anna@example.com").status_code == 404
    rejected = caller.call("PATCH", "/users/jones@example.com", {"display_name": "x", "email": caller.user.email})
    assert rejected.status_code == 409
    user.refresh_from_db()
    assert user.display_name == "Anna Jones"
