"""Pages of a list: by number at its beginning, by the row next to them after that, and by `last`."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Q
from django.http import QueryDict

from portal.core import keyset, paging
from portal.core.keyset import parts_of
from portal.core.paging import Page, Pager
from tests.clock import DAY, NOW
from tests.factories import TokenFactory, UserFactory
from tokens.models import Token

RUNS_ON = "both"
pytestmark = pytest.mark.django_db
SIZE, ROWS = 3, 20
ORDERS = ["name", "-name", "created_at", "-created_at", "last_used_at", "-last_used_at", "user__username", "-revoked_at", "pk"]


@pytest.fixture(autouse=True)
def numbered(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """How many rows have numbered pages."""
    monkeypatch.setattr(paging, "NUMBERED", getattr(request, "param", 7))
    monkeypatch.setattr(paging, "FEW", 0)


@pytest.fixture
def tokens() -> None:
    """With equal values in every column, and NULL in some."""
    owners = UserFactory.create_batch(3)
    for number in range(ROWS):
        used = NOW - number % 3 * DAY if number % 4 else None
        revoked = NOW if number % 2 else None
        TokenFactory(user=owners[number % 3], name=f"n{number % 5}", holds_name=False, last_used_at=used, revoked_at=revoked)


def see(address: str = "", order: str = "name", **options: Any) -> Page:
    rows = Token.objects.select_related("user")
    return Pager(rows, parts_of(rows, order), order, QueryDict(address.removeprefix("?")), SIZE, **options).page()


def walk(address: str, order: str, direction: str) -> list[Page]:
    pages = [see(address, order)]
    while following := getattr(pages[-1].links, direction):
        pages.append(see(following, order))
    return pages


@pytest.mark.usefixtures("tokens")
@pytest.mark.parametrize("numbered", [7, 10_000], indirect=True)
@pytest.mark.parametrize("order", ORDERS)
def test_every_row_is_on_one_page_in_both_directions(order: str) -> None:
    forward = walk("", order, "next")
    everything = [row.pk for page in forward for row in page.rows]
    assert len(everything) == len(set(everything)) == ROWS
    assert [page.first for page in forward] == list(range(1, ROWS + 1, SIZE))
    assert [page.last for page in forward] == [3, 6, 9, 12, 15, 18, 20]
    backward = [[row.pk for row in page.rows] for page in walk("?page=last", order, "previous")]
    assert [pk for page in reversed(backward) for pk in page] == everything


@pytest.mark.usefixtures("tokens")
@pytest.mark.parametrize("order", ORDERS)
def test_few_rows_are_sorted_as_the_database_sorts_them(order: str) -> None:
    rows = Token.objects.all()
    parts = parts_of(rows, order)
    assert keyset.places(rows, parts, 0, ROWS, few=True) == keyset.places(rows, parts, 0, ROWS)


@pytest.mark.usefixtures("tokens")
def test_a_descending_order_is_the_reverse_except_for_null() -> None:
    up, down = ([row.last_used_at for page in walk("", order, "next") for row in page.rows] for order in ("last_used_at", "-last_used_at"))
    assert up[-5:] == down[-5:] == [None] * 5
    assert up[:-5] == down[-6::-1] == sorted(up[:-5])


@pytest.mark.usefixtures("tokens")
def test_rows_beyond_the_numbered_ones_are_counted_when_asked() -> None:
    page = see()
    assert (page.total, page.total_is_exact, page.total_text) == (7, False, "7+")
    exact = see(page.links.count_all or "")
    assert (exact.total, exact.total_is_exact, exact.total_text) == (ROWS, True, "20")
    assert see(exact.links.last or "").number == 7
    assert (see(exact.links.last or "").first, see(exact.links.last or "").last) == (19, 20)


@pytest.mark.usefixtures("tokens")
def test_the_last_page_has_no_number_unless_all_are_counted() -> None:
    last = see("?page=last")
    assert (last.number, last.first, last.last, len(last.rows)) == (None, None, None, SIZE)
    assert last.links.next is None
    assert see("?page=4000000").rows == last.rows


@pytest.mark.usefixtures("tokens")
def test_numbers_are_linked_around_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "NUMBERED", 21)
    numbers = see("?page=4&q=x").links.numbers
    assert [each.number for each in numbers] == [1, 2, 3, 4, 5, 6, 7]
    assert [each.address for each in numbers[2:5]] == ["?q=x&page=3", None, "?q=x&page=5"]
    assert [each.number for each in see("?page=1").links.numbers] == [1, 2, 3, None, 7]


def test_a_part_that_the_filter_excludes_is_not_read(django_assert_num_queries: Any) -> None:
    revoked, valid = Token.objects.filter(revoked_at__isnull=False), Token.objects.filter(revoked_at=None)
    TokenFactory(revoked_at=NOW)
    TokenFactory()
    parts = parts_of(Token.objects.all(), "revoked_at")
    with django_assert_num_queries(2):
        assert [len(keyset.places(rows, parts, 0, 9)) for rows in (revoked, valid)] == [1, 1]
    assert len(keyset.places(Token.objects.exclude(revoked_at=None), parts, 0, 9)) == 1
    assert len(keyset.places(Token.objects.filter(Q(revoked_at=None) | Q(revoked_at__lte=NOW)), parts, 0, 9)) == 2


def test_an_empty_list_has_one_page() -> None:
    page = see()
    assert (page.rows, page.first, page.last, page.total_text, page.links.numbers, page.has_other_pages) == ([], None, None, "0", (), False)


def made_up(*content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


ODD = [
    "",
    "x",
    "é",
    "\x00",
    "9" * 5000,
    made_up(),
    made_up("name"),
    made_up("-name", 0, 5, "n1", "0" * 32),  # of another order
    made_up("name", 7, 5, "n1", "0" * 32),
    made_up("name", 0, -5, "n1", "0" * 32),
    made_up("name", 0, True, "n1", "0" * 32),
    made_up("name", 0, 5, "n1", "no id"),
    made_up("name", 0, 5, "n1\x00", "0" * 32),
    made_up("name", 0, 5, "\ud800", "0" * 32),
    made_up("name", 0, 5, None, "0" * 32),
    made_up("name", 0, 5, ["n1"], "0" * 32, 1),
    base64.urlsafe_b64encode(b"[" * 100_000).decode(),
]


@pytest.mark.usefixtures("tokens")
@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize("cursor", ODD)
def test_an_odd_cursor_gives_the_first_page(name: str, cursor: str) -> None:
    query = QueryDict(mutable=True)
    query[name] = cursor
    assert see(query.urlencode()).rows == see().rows


@pytest.mark.usefixtures("tokens")
@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01", 5, "2026-13-01T00:00:00Z"])
def test_an_odd_instant_in_a_cursor_is_no_error(instant: Any) -> None:
    assert see(f"after={made_up('created_at', 0, None, instant, '0' * 32)}", "created_at").rows


@pytest.mark.usefixtures("tokens")
def test_a_page_behind_rows_that_are_gone_is_the_first() -> None:
    last = see("?page=last")
    cursor = Pager(Token.objects.all(), parts_of(Token.objects.all(), "name"), "name", QueryDict(), SIZE).cursor
    place = keyset.Place(0, ["n9", last.rows[-1].pk])
    assert see(f"after={cursor(place, None)}").rows == see().rows


def test_a_row_that_comes_meanwhile_moves_no_other_page(tokens: None) -> None:
    third = see("?page=2", "-created_at").links.next or ""
    before = see(third, "-created_at").rows
    TokenFactory(created_at=NOW + timedelta(days=1), expires_at=NOW + timedelta(days=9))
    assert see(third, "-created_at").rows == before
