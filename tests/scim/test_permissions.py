"""Who may call /scim/: nobody but a service account's token with the permission, and every error is SCIM's."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.scim.urls import urlpatterns
from portal.users.models import User
from tests.factories import PASSWORD, AdministratorFactory, OperatorFactory, ServiceFactory, UserFactory
from tests.scim.caller import Directory
from tokens import services

# Each address, and what a directory's GET and POST of {} respond with.
TABLE = {
    "ServiceProviderConfig": (200, 405),
    "ResourceTypes": (200, 405),
    "ResourceTypes/User": (200, 405),
    "ResourceTypes/Robot": (404, 405),
    "Schemas": (200, 405),
    "Schemas/urn:ietf:params:scim:schemas:core:2.0:Group": (200, 405),
    "Schemas/urn:nothing": (404, 405),
    "Users": (200, 400),
    "Users/.search": (405, 200),
    "Users/user-999999": (404, 404),
    "Groups": (200, 400),
    "Groups/.search": (405, 200),
    "Groups/group-999999": (404, 404),
    "Me": (501, 501),
    "Bulk": (501, 501),
    ".search": (501, 501),
    "Robots/5": (404, 404),
}
RUNS_ON = "sqlite"
pytestmark = pytest.mark.django_db


def is_scim_error(answer: Any) -> bool:
    body = answer.json()
    return answer["Content-Type"] == "application/scim+json" and body["status"] == str(answer.status_code) and body["detail"]


def test_table_has_every_address() -> None:
    assert len({pattern.name for pattern in urlpatterns}) == len(urlpatterns) == 15
    for pattern in urlpatterns:
        assert any(pattern.pattern.match(path) for path in TABLE), pattern


def test_directory_gets_what_the_table_says() -> None:
    directory = Directory()
    for path, statuses in TABLE.items():
        for method, expected in zip(("GET", "POST"), statuses, strict=True):
            answer = directory.call(method, path, None if method == "GET" else {})
            assert answer.status_code == expected, (path, answer.content)
            assert answer.status_code < 400 or is_scim_error(answer)
            assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("make", [None, UserFactory, OperatorFactory, AdministratorFactory, ServiceFactory])
def test_nobody_else_gets_anything(make: Any) -> None:
    caller = Directory(make() if make else None)
    before = User.objects.count()
    for path in ("Users", "Users/user-1", "Groups", "Groups/group-1", "Schemas") if make else TABLE:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE") if path.endswith("1") else ("GET", "POST"):
            answer = caller.call(method, path, None if method in ("GET", "DELETE") else {"userName": "anna@example.com"})
            assert answer.status_code == (403 if make else 401), (method, path)
            assert is_scim_error(answer)
            assert answer["WWW-Authenticate"].startswith("Bearer ")
    assert User.objects.count() == before


def test_session_and_basic_credentials_count_for_nothing() -> None:
    client = Client()
    client.login(username=AdministratorFactory().username, password=PASSWORD)
    assert client.get("/scim/v2/Users").status_code == 401
    assert client.get("/scim/v2/Users", headers={"Authorization": "Basic YTpi"}).status_code == 401


@pytest.mark.parametrize("text", ["tpp_x", "tpp_" + "a" * 38])
def test_unknown_tokens_are_rejected_and_limited(text: str, settings: Any) -> None:
    settings.WRONG_TOKENS_A_MINUTE = 3
    headers = {"Authorization": f"Bearer {text}"}
    answers = [Client().get("/scim/v2/Users", headers=headers, REMOTE_ADDR="192.0.2.77") for _ in range(8)]
    assert {answer.status_code for answer in answers} == {401, 429}
    assert all(is_scim_error(answer) for answer in answers)
    assert int(answers[-1]["Retry-After"]) <= 60


def test_token_stops_with_its_revocation_its_owner_and_the_permission() -> None:
    revoked, inactive, forbidden = Directory(), Directory(), Directory()
    services.revoke(revoked.token, None, timezone.now())
    User.objects.filter(pk=inactive.owner.pk).update(is_active=False)
    User.objects.filter(pk=forbidden.owner.pk).update(may_provision=False)
    assert [each.call("GET", "Users").status_code for each in (revoked, inactive, forbidden)] == [401, 401, 403]


def test_method_that_is_not_there_names_the_others() -> None:
    assert Directory().call("DELETE", "Users")["Allow"] == "GET, POST"


BAD_BODIES = [
    ("{", 400),
    ("[]", 400),
    ("null", 400),
    ('{"userName": NaN}', 400),
    ('{"userName": ' + "9" * 5000 + "}", 400),
    ("[" * 100_000, 400),
    ('{"x": ' * 100 + "1" + "}" * 100, 400),
    ('{"userName": "a\\u0000b"}', 400),
    ('{"userName": "\\ud800"}', 400),
    ('{"\\ud800": 1}', 400),
    ('{"x": "' + "x" * 1_100_000 + '"}', 413),
]


def test_body_that_cannot_be_read_is_an_error() -> None:
    directory = Directory()
    for body, status in BAD_BODIES:
        for path in ("Users", "Groups", "Users/.search"):
            answer = directory.call("POST", path, body)
            assert answer.status_code == status, (body[:80], answer.content)
            assert is_scim_error(answer)


def test_other_types_are_rejected() -> None:
    directory = Directory()
    headers = {"Authorization": f"Bearer {directory.text}"}
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain"):
        answer = directory.generic("POST", "/scim/v2/Users", "{}", content_type=content_type, headers=headers)
        assert answer.status_code == 415
        assert is_scim_error(answer)
    assert directory.generic("POST", "/scim/v2/Users", "{}", content_type="application/json", headers=headers).status_code == 400
