"""Lists: filters by the full grammar, pages, and the indexes that find one among many."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.users.models import User
from tests.factories import ServiceFactory, UserFactory
from tests.scim.caller import Directory

pytestmark = pytest.mark.django_db


@pytest.fixture
def directory() -> Directory:
    directory = Directory()
    directory.create("anna@example.com", displayName="Anna Smith", externalId="A-1", emails=[{"value": "as@example.com"}])
    directory.create("bob@example.com", displayName="Bob", externalId="b-2", active=False)
    directory.create("carl", displayName="50% Carl")
    return directory


def names(directory: Directory, text: str) -> str:
    """The first letters of those whom the filter finds."""
    keys = [int(key.removeprefix("user-")) for key in directory.found(text)]
    return "".join(sorted(User.objects.get(pk=key).username[0] for key in keys))


FOUND = [
    ('userName eq "ANNA@example.com"', "a"),
    ('USERNAME EQ "anna@example.com"', "a"),
    ('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "anna@example.com"', "a"),
    ('userName ne "anna@example.com"', "bc"),
    ('userName sw "BOB"', "b"),
    ('userName ew "example.com"', "ab"),
    ('userName co "@"', "ab"),
    ('displayName co "%"', "c"),
    ('displayName co "_"', ""),
    ('displayName eq "anna smith"', "a"),
    ("displayName pr", "abc"),
    ('externalId eq "A-1"', "a"),
    ('externalId eq "a-1"', ""),
    ("externalId pr", "ab"),
    ("not (externalId pr)", "c"),
    ("externalId eq null", "c"),
    ('emails.value eq "AS@example.com"', "a"),
    ('emails eq "as@example.com"', "a"),
    ('emails[type eq "work" and value eq "as@example.com"]', "a"),
    ('emails[type eq "work"].value eq "as@example.com"', "a"),  # as Microsoft Entra ID writes it
    ('emails[type eq "home"]', ""),
    ("emails pr", "ab"),
    ("active eq true", "ac"),
    ('active eq "False"', "b"),
    ("active ne true", "b"),
    ('userName eq "carl" or externalId eq "b-2" and active eq false', "bc"),
    ('(userName eq "carl" or externalId eq "b-2") and active eq false', "b"),
    ('not (userName eq "carl" or active eq false)', "a"),
    ('id eq "user-0"', ""),
    ('id eq "group-1"', ""),
    ('id eq "nothing"', ""),
]


def test_filters_find(directory: Directory) -> None:
    assert {text: names(directory, text) for text, _ in FOUND} == dict(FOUND)


def test_filter_finds_by_id(directory: Directory) -> None:
    key = directory.found('userName eq "carl"')[0]
    assert directory.found(f'id eq "{key}"') == [key]


NOT_SUPPORTED = [
    *(
        "userName",
        'userName eq "x',
        'userName like "x"',
        'title eq "x"',
        'userName gt "a"',
        "userName eq 5",
        "active gt true",
        'active eq "x"',
    ),
    *(
        'meta.created gt "2020-01-01T00:00:00Z"',
        'groups.value eq "group-1"',
        'name.familyName eq "x"',
        "(" * 50 + "active pr" + ")" * 50 + ")",
    ),
    *('userName eq "\\u0000"', "active eq true and " * 1000 + "active eq true", "not (" * 40 + "active eq true" + ")" * 40),
]


def test_filter_that_is_not_supported_is_an_error(directory: Directory) -> None:
    for text in NOT_SUPPORTED:
        for kind in ("Users", "Groups"):
            answer = directory.call("GET", kind, {"filter": text})
            assert (answer.status_code, answer.json().get("scimType")) in [(400, "invalidFilter"), (400, "invalidValue")], (
                text,
                answer.content,
            )


def test_pages_are_bounded_and_totals_exact(directory: Directory) -> None:
    UserFactory.create_batch(3, password="!")
    ServiceFactory()
    answer = directory.call("GET", "Users", {"startIndex": 2, "count": 3}).json()
    assert (answer["totalResults"], answer["startIndex"], answer["itemsPerPage"], len(answer["Resources"])) == (6, 2, 3, 3)
    whole = [each["id"] for each in directory.call("GET", "Users").json()["Resources"]]
    assert [each["id"] for each in answer["Resources"]] == whole[1:4]
    for query, length in (({"count": 0}, 0), ({"count": -5}, 0), ({"startIndex": -1}, 6), ({"startIndex": 7}, 0), ({"count": 10**9}, 6)):
        answer = directory.call("GET", "Users", query).json()
        assert (answer["totalResults"], len(answer["Resources"])) == (6, length)
    assert directory.call("GET", "Users", {"startIndex": 10**30}).json()["Resources"] == []
    assert directory.call("GET", "Users", {"count": "many"}).status_code == 400


def test_search_by_post_is_the_same_list(directory: Directory) -> None:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": 'userName eq "carl"', "count": 1}
    answer = directory.call("POST", "Users/.search", body)
    assert [each["userName"] for each in answer.json()["Resources"]] == ["carl"]
    assert directory.call("POST", "Users/.search", {"filter": 5}).status_code == 400


def test_page_takes_a_fixed_number_of_queries(directory: Directory) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            directory.call("GET", "Users")
        return len(captured)

    few = queries()
    UserFactory.create_batch(20, password="!")
    assert queries() == few


def plan_of(rows: Any) -> str:
    """How the database finds the rows: on PostgreSQL without the way that is best for a handful of rows, to read all."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    return rows.explain()


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ('userName eq "anna@example.com"', "users_username_once_in_any_case"),
        ('emails.value eq "anna@example.com"', "users_by_email"),
        ('externalId eq "A-1"', "scim_scimuser_external_id"),
    ],
)
def test_one_among_many_is_found_by_an_index(text: str, index: str) -> None:
    from portal.scim import lists, people, protocol

    rows = people.rows().filter(people.CONDITIONS.visit(lists.search(protocol.User, {"filter": text}).filter.ast))
    assert index in plan_of(rows)
