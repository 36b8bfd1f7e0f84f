"""One page of a list, with the addresses of the others. What a page costs does not depend on how many rows there are.

The first `NUMBERED` rows have numbered pages (`?page=7`). Beyond them a page is named by the row next to it (`?after=`, `?before=`), and
the last one by `?page=last`. Rows are counted up to `NUMBERED`; `?count=exact` counts them all.
"""

import base64
import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import QueryDict

from portal.core import keyset
from portal.core.keyset import Part, Place
from portal.core.page import Links, Numbered, Page, Total

NUMBERED = 10_000
FEW = 2_500  # rows that are sorted rather than found in order: to find 26 of these in order, 10,000 of a million are read
AROUND = 2  # how many pages are linked on each side of the present one
MOST_DIGITS = 9


def count(rows: QuerySet[Any], exact: bool = False) -> Total:
    """How many rows there are: up to `NUMBERED`, unless all are to be counted."""
    rows = rows.order_by().values("pk")
    if exact:
        return Total(rows.count(), True)
    found = rows[: NUMBERED + 1].count()
    return Total(min(found, NUMBERED), found <= NUMBERED)


class Chosen(NamedTuple):
    """The rows that a page shows, by their places; its number where that is known; and whether there are more on either side."""

    places: list[Place]
    number: int | None
    more_before: bool
    more_after: bool


class Pager:
    """Finds the page that the address asks for. What makes no sense there gives the first page; a page past the end, the last one.

    `order`: what names the order in addresses, so that a place is not read in another one. `shown`: what the page's rows are read from,
    `rows` without their search and filters, which need not be looked at again."""

    def __init__(
        self, rows: QuerySet[Any], parts: Sequence[Part], order: str, query: QueryDict, size: int, shown: QuerySet[Any] | None = None
    ) -> None:
        self.rows, self.parts, self.order, self.query, self.size = rows, parts, order, query, size
        self.shown = rows if shown is None else shown
        self.total = count(rows, exact=query.get("count") == "exact")

    @cached_property
    def pages(self) -> int:
        """How many pages there are, if the total is exact; else how many have a number."""
        return max(1, -(-self.total.count // self.size))

    @property
    def numbered(self) -> int:
        return min(self.pages, NUMBERED // self.size)

    def page(self) -> Page:
        chosen = self.choose()
        return Page(self.fetch(chosen.places), self.size, chosen.number, self.total, self.links(chosen))

    def fetch(self, places: list[Place]) -> list[Any]:
        """The rows themselves, in order. One that was deleted since its place was read is left out."""
        found = self.shown.order_by().in_bulk([place.values[-1] for place in places])
        return [found[place.values[-1]] for place in places if place.values[-1] in found]

    def choose(self) -> Chosen:
        for name in ("after", "before"):
            if (cursor := self.read(self.query.get(name, ""))) and (chosen := self.beside(name, *cursor)):
                return chosen
        text = self.query.get("page", "")
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 1
        is_past = text == "last" or number > self.numbered or (text.isdigit() and len(text) > MOST_DIGITS)
        return self.last_page() if is_past else self.numbered_page(max(number, 1))

    def numbered_page(self, number: int) -> Chosen:
        start = (number - 1) * self.size
        few = self.total.is_exact and self.total.count <= FEW
        found = keyset.places(self.rows, self.parts, start, self.size + 1, few) if self.total.count else []
        return Chosen(found[: self.size], number, number > 1, len(found) > self.size)

    def last_page(self) -> Chosen:
        if self.total.is_exact and self.pages <= self.numbered:
            return self.numbered_page(self.pages)
        known = self.total.is_exact
        length = self.total.count - (self.pages - 1) * self.size if known else self.size
        found = keyset.last_places(self.rows, self.parts, length)
        return Chosen(found, self.pages if known else None, True, False)

    def beside(self, name: str, place: Place, number: int | None) -> Chosen | None:
        """The page after or before `place`; None if there is nothing."""
        read = keyset.places_after if name == "after" else keyset.places_before
        found = read(self.rows, self.parts, place, self.size + 1)
        if not found:
            return None
        more = len(found) > self.size
        if name == "after":
            return Chosen(found[: self.size], number, True, more)
        return Chosen(found[-self.size :], number, more, True)

    def links(self, chosen: Chosen) -> Links:
        number, places = chosen.number, chosen.places
        previous = following = None
        if places and chosen.more_before:
            previous = self.neighbour("before", places[0], number - 1 if number and number > 1 else None)
        if places and chosen.more_after:
            following = self.neighbour("after", places[-1], number + 1 if number else None)
        count_all = None if self.total.is_exact else self.address(count="exact")
        return Links(
            first=self.address() if previous else None,
            previous=previous,
            next=following,
            last=self.address(page="last") if following else None,
            numbers=self.numbers(number),
            count_all=count_all,
        )

    def neighbour(self, name: str, place: Place, number: int | None) -> str:
        if number and number <= self.numbered:
            return self.address(page=str(number))
        return self.address(**{name: self.cursor(place, number)})

    def numbers(self, number: int | None) -> tuple[Numbered, ...]:
        """The first page and those around the present one; also the last, where its number is that of the last page of the list."""
        if self.pages == 1:
            return ()
        near = range(number - AROUND, number + AROUND + 1) if number else range(0)
        ends = {1, self.pages} if self.total.is_exact and self.pages == self.numbered else {1}
        shown = sorted(each for each in ends | set(near) if 1 <= each <= self.numbered or each == number)
        found: list[Numbered] = []
        for each in shown:
            if found and found[-1].number != each - 1:
                found.append(Numbered(None, None))
            found.append(Numbered(each, None if each == number else self.address(page=str(each))))
        if not number or shown[-1] != self.pages or not self.total.is_exact:
            found.append(Numbered(None, None))
        return tuple(found)

    def address(self, **changes: str) -> str:
        query = self.query.copy()
        for name in ("page", "after", "before"):
            query.pop(name, None)
        for name, value in changes.items():
            query[name] = value
        return f"?{query.urlencode()}"

    def cursor(self, place: Place, number: int | None) -> str:
        """A place as text for an address. It is no secret, and anyone who makes one up only chooses where a page begins."""
        texts = [value if isinstance(value, int | str) else str(value) for value in place.values]
        content = json.dumps([self.order, place.part, number, *texts], separators=(",", ":"))
        return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")

    def read(self, text: str) -> tuple[Place, int | None] | None:
        """The place and the number that `cursor` made a text of; None for anything else."""
        try:
            order, part, number, *values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if order != self.order or type(part) is not int or not 0 <= part < len(self.parts):
                return None
            if number is not None and (type(number) is not int or not 0 < number < 10**MOST_DIGITS):
                return None
            names = [*self.parts[part].columns, "pk"]
            found = [keyset.value_of(self.rows, name, value) for name, value in zip(names, values, strict=True)]
        except (ValueError, TypeError, RecursionError):
            return None
        return Place(part, found), number
