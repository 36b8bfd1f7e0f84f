"""Filters (RFC 7644, section 3.4.2.2) as conditions on rows. The library parses and checks them against the schema."""

from collections.abc import Callable, Mapping
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from scim2_models.path import AttrPath, CompareOperator, Comparison, FilterVisitor, LogicalExpr, LogicalOperator, Not, Present, ValuePath

from portal.scim.errors import ScimError
from portal.scim.payloads import check_text

LONGEST = 4096
Op = CompareOperator
Condition = Callable[[CompareOperator, Any], Q]  # for an operator and a value
NONE, ALL = Q(pk__in=()), ~Q(pk__in=())
PARTS = {Op.co: "contains", Op.sw: "startswith", Op.ew: "endswith"}


def rejected(text: str) -> ScimError:
    return ScimError(400, f"This filter is not supported: {text[:200]}", "invalidFilter")


def lowered(field: str) -> Callable[[str], Q]:
    """Equality in any case of letters, as an index of LOWER(column) finds it. For ASCII: SQLite's LOWER knows no other letters."""
    return lambda value: Q(Exact(Lower(F(field)), value.lower()))


def text(field: str, equal_to: Callable[[str], Q], folded: bool = True) -> Condition:
    """A column of text, empty where there is no value. `folded`: are parts of it compared in any case of letters?"""

    def condition(op: CompareOperator, value: Any) -> Q:
        value = "" if value is None else value
        if not isinstance(value, str):
            raise rejected(f"{field} {op.value}")
        check_text(value)
        if op in (Op.eq, Op.ne):
            return equal_to(value) if op == Op.eq else ~equal_to(value)
        if op in PARTS:
            return Q(**{f"{field}__{'i' * folded}{PARTS[op]}": value})
        raise rejected(f"{field} {op.value}")

    return condition


def boolean(field: str) -> Condition:
    def condition(op: CompareOperator, value: Any) -> Q:
        value = {"true": True, "false": False}.get(str(value).lower())
        if op not in (Op.eq, Op.ne) or value is None:
            raise rejected(f"{field} {op.value}")
        return Q(**{field: value if op == Op.eq else not value})

    return condition


def key(key_of: Callable[[str], int | None], equal_to: Callable[[int], Q]) -> Condition:
    """An id. One that names nothing matches nothing."""

    def condition(op: CompareOperator, value: Any) -> Q:
        found = key_of(value) if isinstance(value, str) else None
        equal = NONE if found is None else equal_to(found)
        if op not in (Op.eq, Op.ne):
            raise rejected(f"id {op.value}")
        return equal if op == Op.eq else ~equal

    return condition


def constant(value: str, present: Q) -> Condition:
    """An attribute that always has the same value where it has one."""

    def condition(op: CompareOperator, wanted: Any) -> Q:
        if op not in (Op.eq, Op.ne):
            raise rejected(f"{value} {op.value}")
        equal = present if str(wanted).lower() == value else NONE
        return equal if op == Op.eq else ~equal

    return condition


class Conditions(FilterVisitor[Q]):
    """`fields`: what can be filtered by, by its name in lower case. `presence`: what `pr` means for those that need not have a value."""

    def __init__(self, fields: Mapping[str, Condition], presence: Mapping[str, Q], inside: str = "") -> None:
        self.fields, self.presence, self.inside = fields, presence, inside

    def name(self, path: AttrPath) -> str:
        parts = [self.inside, path.attr, path.sub_attr or ""]
        return ".".join(part.lower() for part in parts if part)

    def visit_comparison(self, node: Comparison) -> Q:
        condition = self.fields.get(self.name(node.attr_path))
        if condition is None:
            raise rejected(str(node))
        return condition(node.op, node.value)

    def visit_present(self, node: Present) -> Q:
        name = self.name(node.attr_path)
        if name not in self.fields:
            raise rejected(str(node))
        return self.presence.get(name, ALL)

    def visit_not(self, node: Not) -> Q:
        return ~self.visit(node.expr)

    def visit_logical_expr(self, node: LogicalExpr) -> Q:
        return reduce(and_ if node.op == LogicalOperator.and_ else or_, map(self.visit, node.terms))

    def visit_value_path(self, node: ValuePath) -> Q:
        """Of a list that has one value here, `emails[a and b]` is what `emails.a and emails.b` is."""
        name = self.name(node.attr_path)
        if self.inside or name not in self.fields:
            raise rejected(str(node))
        return self.presence.get(name, ALL) & Conditions(self.fields, self.presence, name).visit(node.val_filter)
