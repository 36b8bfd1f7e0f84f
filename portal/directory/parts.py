"""The first few of a list in a dialog or a card, and how many there are beside them."""

from typing import Any, NamedTuple, Self

from django.db.models import QuerySet

SHOWN = 10


class Part(NamedTuple):
    rows: list[Any]
    total: int

    @classmethod
    def of(cls, rows: QuerySet[Any]) -> Self:
        first = list(rows[: SHOWN + 1])
        return cls(first[:SHOWN], rows.count() if len(first) > SHOWN else len(first))

    @property
    def more(self) -> int:
        return self.total - len(self.rows)
