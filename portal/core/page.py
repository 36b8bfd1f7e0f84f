"""A page of a list as templates show it: its rows, where they are in the list, and the addresses of other pages (paging.py finds it)."""

from dataclasses import dataclass
from typing import Any, NamedTuple


class Numbered(NamedTuple):
    """A page to link. Without a number it stands for those left out; without an address it is the present one."""

    number: int | None
    address: str | None


@dataclass(frozen=True)
class Total:
    count: int
    is_exact: bool

    def __str__(self) -> str:
        return f"{self.count:,}{'' if self.is_exact else '+'}"


@dataclass(frozen=True)
class Links:
    """Addresses (`?...`, with the list's search, order and filters), or None where there is no such page."""

    first: str | None = None
    previous: str | None = None
    next: str | None = None
    last: str | None = None
    numbers: tuple[Numbered, ...] = ()
    count_all: str | None = None  # this list with its exact total


@dataclass(frozen=True)
class Page:
    """`number`, `first` and `last` (positions from 1) are None where they are not known, or where there are no rows."""

    rows: list[Any]
    size: int
    number: int | None
    result: Total
    links: Links

    @property
    def total(self) -> int:
        return self.result.count

    @property
    def total_is_exact(self) -> bool:
        return self.result.is_exact

    @property
    def total_text(self) -> str:
        return str(self.result)

    @property
    def first(self) -> int | None:
        return (self.number - 1) * self.size + 1 if self.number and self.rows else None

    @property
    def last(self) -> int | None:
        return (self.number - 1) * self.size + len(self.rows) if self.number and self.rows else None

    @property
    def has_other_pages(self) -> bool:
        return bool(self.links.previous or self.links.next)
