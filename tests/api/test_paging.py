from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.faults.models import Fault
from tests.api.caller import Caller
from tests.factories import FaultFactory, TokenFactory, UserFactory
from tokens import token_format
from tokens.models import Token

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(db: None) -> Caller:
    return Caller("administrator")


def tokens(count: int) -> list[str]:
    """Tokens of which many have the same instant."""
    owner, now = UserFactory(), timezone.now()
    rows = []
    for n in range(count):
        text, at = token_format.generate(), now - timedelta(seconds=n // 7)
        dates = {"created_at": at, "expires_at": at + timedelta(days=9)}
        rows.append(Token(user=owner, name=f"t{n}", digest=token_format.digest(text), last_four=text[-4:], **dates))
    return [str(token.pk) for token in Token.objects.bulk_create(rows)]


def pages(caller: Caller, path: str, **query: Any) -> Iterator[list[str]]:
    cursor = None
    while True:
        answer = caller.call("GET", path, query | ({"cursor": cursor} if cursor else {})).json()
        yield [each["id"] for each in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            return


def test_250_rows_come_once_each_while_rows_are_added(caller: Caller) -> None:
    there = set(tokens(250))
    seen: list[str] = []
    for page in pages(caller, "/tokens", limit=17):
        assert len(page) <= 17
        seen += page
        TokenFactory(created_at=timezone.now())
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


def test_rows_of_one_instant_come_once_each_while_rows_are_added(caller: Caller) -> None:
    there = set(tokens(130))
    now = timezone.now()
    Token.objects.update(created_at=now)
    seen: list[str] = []
    for page in pages(caller, "/tokens", limit=25):
        seen += page
        TokenFactory(created_at=now)
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


def test_rows_that_go_in_between_take_no_others_with_them(caller: Caller) -> None:
    tokens(60)
    ids = [each["id"] for each in caller.all("/tokens")]
    seen: list[str] = []
    for page in pages(caller, "/tokens", limit=10):
        seen += page
        Token.objects.filter(pk__in=page[-2:]).delete()
    assert seen == ids


def test_the_order_is_that_of_the_pages_whatever_the_pages_size(caller: Caller) -> None:
    tokens(40)
    expected = [str(pk) for pk in Token.objects.order_by("-created_at", "-id").values_list("pk", flat=True)]
    for limit in (1, 7, 40, 41, 200):
        assert [pk for page in pages(caller, "/tokens", limit=limit) for pk in page] == expected


def test_a_last_page_that_is_full_says_that_it_is_the_last(caller: Caller) -> None:
    tokens(9)
    answer = caller.call("GET", "/tokens", {"limit": 10}).json()
    assert (len(answer["items"]), answer["next"]) == (10, None)


def test_faults_and_users_are_paged_too(caller: Caller) -> None:
    now = timezone.now()
    for n in range(23):
        FaultFactory(raised_at=now - timedelta(minutes=n // 5))
        UserFactory()
    assert [each["id"] for each in caller.all("/faults", limit=4)] == list(Fault.objects.values_list("pk", flat=True))
    users = [each["username"] for each in caller.all("/users", limit=4)]
    assert users == [each["username"] for each in caller.all("/users")]
    assert len(users) == len(set(users)) == 24


@pytest.mark.parametrize("cursor", ["", "x", "x:y", "\0", "WyJhIl0:" + "x" * 43, "é"])
def test_a_cursor_that_we_did_not_make_is_refused(caller: Caller, cursor: str) -> None:
    response = caller.call("GET", "/tokens", {"cursor": cursor})
    assert (response.status_code, response.json()["field"]) == (422, "cursor")


def test_a_cursor_of_another_list_is_refused(caller: Caller) -> None:
    UserFactory()
    cursor = caller.call("GET", "/users", {"limit": 1}).json()["next"]
    assert caller.call("GET", "/users", {"cursor": cursor}).status_code == 200
    assert caller.call("GET", "/tokens", {"cursor": cursor}).status_code == 422


@pytest.mark.parametrize("limit", ["0", "-1", "201", "x", "1e3", ""])
def test_a_page_has_1_to_200_rows(caller: Caller, limit: str) -> None:
    response = caller.call("GET", "/tokens", {"limit": limit})
    assert (response.status_code, response.json()["field"]) == (422, "limit")


@pytest.mark.parametrize("query", [{"status": "gone"}, {"expires": "8"}, {"user": "a b"}, {"staus": "active"}])
def test_a_filter_that_there_is_not_is_refused(caller: Caller, query: dict[str, str]) -> None:
    response = caller.call("GET", "/tokens", query)
    assert (response.status_code, response.json()["field"]) == (422, next(iter(query)))


def test_a_search_may_be_any_text(caller: Caller) -> None:
    for text in ("\0", "x" * 5000, "%", "_", "'", "\\", "🙂"):
        assert caller.call("GET", "/tokens", {"q": text}).status_code == 200


@pytest.mark.parametrize("path", ["/tokens", "/users", "/faults", "/config"])
def test_the_number_of_queries_does_not_grow_with_the_rows(caller: Caller, path: str) -> None:
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert caller.call("GET", path).status_code == 200
        counts.append(len(queries))
        for _ in range(9):
            FaultFactory(acknowledged_at=timezone.now(), acknowledged_by=UserFactory())
            TokenFactory(created_by=UserFactory(), revoked_by=UserFactory())
    assert counts[0] == counts[1]
