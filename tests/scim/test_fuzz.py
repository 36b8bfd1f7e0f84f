"""Whatever a directory sends, the response is SCIM's, and never an internal error."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.factories import UserFactory
from tests.scim.caller import GROUP, PATCH, USER, Directory

RUNS_ON = "postgres"
pytestmark = [pytest.mark.field, pytest.mark.django_db]
PLAIN_NAMES = (
    "userName displayName active emails name name.formatted externalId members groups id meta schemas value type primary $ref password"
)
PATHS = 'USERNAME emails.value emails[type^eq^"work"].value members[value^eq^"user-1"] x [ a.b.c.d emails[type^eq^"a"^or^not^(value^pr)]'
URNS = [f"{USER}:userName", f"{USER}:emails.value", USER, GROUP, "urn:x:y", ""]
NAMES = st.sampled_from([*PLAIN_NAMES.split(), *(path.replace("^", " ") for path in PATHS.split()), *URNS])
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    NAMES,
    st.just("user-1"),
)
VALUES = st.recursive(PLAIN, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)), max_leaves=8)
OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Replace", "remove", "x"])}, optional={"path": st.one_of(NAMES, PLAIN), "value": VALUES}
)
FILTERS = st.lists(
    st.sampled_from(
        ['userName eq "x"', "and", "or", "not", "(", ")", "pr", "eq", "active", "true", '"x"', "emails[", "]", "id", "5", "null", "co"]
    ),
    max_size=8,
).map(" ".join)
often = examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture
def directory() -> Directory:
    directory = Directory()
    UserFactory()
    directory.create("anna@example.com")
    directory.call("POST", "Groups", {"displayName": "Team"})
    return directory


def check(directory: Directory, method: str, path: str, data: Any) -> None:
    with transaction.atomic():  # undone, so that no example depends on another
        answer = directory.call(method, path, data)
        transaction.set_rollback(True)
    assert answer.status_code < 500, (method, path, data, answer.content)
    assert answer.status_code in (204, 304) or answer["Content-Type"] == "application/scim+json"
    assert answer.status_code < 400 or answer.json()["status"] == str(answer.status_code)


@often
@given(st.one_of(VALUES, st.dictionaries(NAMES, VALUES, max_size=6)))
def test_bodies(directory: Directory, data: Any) -> None:
    user, group = directory.found('userName eq "anna@example.com"')[0], directory.found("displayName pr", "Groups")[0]
    for method, path in (
        ("POST", "Users"),
        ("POST", "Groups"),
        ("PUT", f"Users/{user}"),
        ("PUT", f"Groups/{group}"),
        ("POST", "Users/.search"),
    ):
        check(directory, method, path, data)
        if isinstance(data, dict):
            check(directory, method, path, {"userName": "bob@example.com", "displayName": "Bob"} | data)


@often
@given(st.lists(st.one_of(OPERATIONS, VALUES), max_size=3))
def test_operations(directory: Directory, operations: list[Any]) -> None:
    for path in (directory.found('userName eq "anna@example.com"')[0], directory.found("displayName pr", "Groups")[0]):
        kind = "Users" if path.startswith("user") else "Groups"
        check(directory, "PATCH", f"{kind}/{path}", {"schemas": [PATCH], "Operations": operations})


@often
@given(FILTERS, st.text(max_size=10), st.text(max_size=10), NAMES)
def test_queries(directory: Directory, text: str, start: str, count: str, names: str) -> None:
    for kind in ("Users", "Groups"):
        check(directory, "GET", kind, {"filter": text})
        check(directory, "GET", kind, {"startIndex": start, "count": count, "attributes": names})
        check(directory, "GET", kind, {"excludedAttributes": names, "filter": start})
