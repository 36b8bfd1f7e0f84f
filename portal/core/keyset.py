"""Reading an ordered list from any place in it, in either direction, by an index and without counting what comes before.

A list's order is a sequence of `Part`s. Most orders are one part. A column that can be NULL makes two, since what is not there comes last
in both directions, and no index has that order both ways. A list can define its own parts, for an order that no single column has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet, TextField
from django.db.models.expressions import Col, OrderBy
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull
from django.db.models.sql.where import WhereNode

from portal.core.ordering import field_of, may_be_null, sort_key, sorts_as_text

KEY = "_key{}"  # annotations: what a row is sorted by
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Part:
    """The rows that satisfy `condition`, sorted by `columns` and the primary key, all in one direction."""

    condition: Q
    columns: tuple[str, ...]
    descending: bool = False

    def reversed(self) -> "Part":
        return replace(self, descending=not self.descending)


def parts_of(rows: QuerySet[Any], term: str) -> list[Part]:
    """The order by one column, `name` or `-name`. NULL comes last in both."""
    name, descending = term.removeprefix("-"), term.startswith("-")
    if name == "pk":
        return [Part(Q(), (), descending)]
    if not may_be_null(rows, name):
        return [Part(Q(), (name,), descending)]
    present, absent = Q((f"{name}__isnull", False)), Q((f"{name}__isnull", True))
    return [Part(present, (name,), descending), Part(absent, (), descending)]


def backwards(parts: Sequence[Part]) -> list[Part]:
    return [part.reversed() for part in reversed(parts)]


@dataclass(frozen=True)
class Place:
    """A row's place in a list: the number of its part, and the values that it is sorted by, the primary key last."""

    part: int
    values: list[Any]


def places(rows: QuerySet[Any], parts: Sequence[Part], start: int, count: int, few: bool = False) -> list[Place]:
    """At most `count` places, after the first `start` rows. `few`: `rows` are few of many. The database then finds them by what they have
    in common and sorts them; it could also walk through the index that has their order, past all the others."""
    found: list[Place] = []
    for number, part in enumerate(parts):
        chosen = ordered_keys(rows, part, few)
        here = [Place(number, list(values)) for values in chosen[start : start + count - len(found)]]
        found += here
        if len(found) == count:
            break
        if start:  # how many rows this part has is known if some of them were read
            start = 0 if here else max(0, start - chosen[:start].count())
    return found


def places_after(rows: QuerySet[Any], parts: Sequence[Part], place: Place, count: int) -> list[Place]:
    """At most `count` places that come after `place`."""
    found: list[Place] = []
    for number, part in enumerate(parts[place.part :], place.part):
        chosen = ordered_keys(rows, part)
        if number == place.part:
            chosen = chosen.filter(behind(part, place.values))
        found += [Place(number, list(values)) for values in chosen[: count - len(found)]]
        if len(found) == count:
            break
    return found


def places_before(rows: QuerySet[Any], parts: Sequence[Part], place: Place, count: int) -> list[Place]:
    """At most `count` places that come before `place`, in the list's order."""
    last = len(parts) - 1
    found = places_after(rows, backwards(parts), replace(place, part=last - place.part), count)
    return [replace(each, part=last - each.part) for each in reversed(found)]


def last_places(rows: QuerySet[Any], parts: Sequence[Part], count: int) -> list[Place]:
    last = len(parts) - 1
    return [replace(each, part=last - each.part) for each in reversed(places(rows, backwards(parts), 0, count))]


def keys_of(rows: QuerySet[Any], part: Part) -> Any:
    """The values that the rows of `part` are sorted by, as tuples. Nothing else is read: no related rows, no annotation but these."""
    keys = {KEY.format(number): sort_key(rows, column) for number, column in enumerate(part.columns)}
    rows = rows.none() if excludes(rows, rows.query.where, part.condition) else rows.filter(part.condition)
    return rows.annotate(**keys).order_by().values_list(*keys, "pk")


def excludes(rows: QuerySet[Any], where: Any, condition: Q) -> bool:
    """Whether `where`, of `rows`, has only values that `condition` wants to be NULL, or the other way round. PostgreSQL would not notice
    that both cannot be, and look at every row."""
    if where.connector != Q.AND or where.negated:
        return False
    return any(
        excludes(rows, child, condition)
        if isinstance(child, WhereNode)
        else isinstance(child, IsNull) and (column_of(rows, child.lhs), not child.rhs) in null_conditions(condition)
        for child in where.children
    )


def column_of(rows: QuerySet[Any], expression: Any) -> str | None:
    """The name of the field, if it is one of the listed model itself."""
    is_own = isinstance(expression, Col) and expression.alias == rows.model._meta.db_table
    return expression.target.name if is_own else None


def null_conditions(condition: Q) -> list[tuple[str, bool]]:
    """Of a conjunction's own terms; what is nested in it says no more here."""
    if condition.connector != Q.AND or condition.negated:
        return []
    terms = [child for child in condition.children if isinstance(child, tuple)]
    return [(name.removesuffix("__isnull"), value) for name, value in terms if name.endswith("__isnull")]


def ordered_keys(rows: QuerySet[Any], part: Part, few: bool = False) -> Any:
    """The same in order. `few`: by an expression that is no index's, and has the same value."""
    first, *others = [*(sort_key(rows, column) for column in part.columns), F("pk")]
    terms = [Coalesce(first, first) if few else first, *others]
    return keys_of(rows, part).order_by(*(OrderBy(term, descending=part.descending) for term in terms))


def behind(part: Part, values: list[Any]) -> TupleGreaterThan | TupleLessThan | Q:
    """The condition for rows of `part` that come after the one with these values. It compares whole rows, as an index does."""
    if len(values) == 1:
        return Q((f"pk__{'lt' if part.descending else 'gt'}", values[0]))
    names = [F(KEY.format(number)) for number in range(len(part.columns))]
    lookup = TupleLessThan if part.descending else TupleGreaterThan
    return lookup(Tuple(*names, F("pk")), values)


def value_of(rows: QuerySet[Any], name: str, value: Any) -> Any:
    """`value`, which came from an address, as the database compares it. Raises ValueError for what no row can hold."""
    if name != "pk" and sorts_as_text(rows, name):
        field: Any = TextField()
    else:
        field = field_of(rows, name)
    try:
        found = field.to_python(value)
        if isinstance(found, datetime):
            return found.astimezone(UTC)
    except (ValidationError, OverflowError, TypeError) as error:
        raise ValueError(str(error)) from None
    if isinstance(found, str):
        found.encode()  # a lone surrogate is a ValueError
    if found is None or (isinstance(found, str) and "\x00" in found) or (isinstance(found, int) and abs(found) > LARGEST):
        raise ValueError("No row has this value.")
    return found
