"""PATCH operations on a group as sets of members to add and to remove.

The library could apply them to the resource, but would need all members of the group for it, thousands, to add one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from scim2_models import PatchOperation, Path
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator

from portal.scim import addresses, protocol
from portal.scim.addresses import USER
from portal.scim.errors import ScimError

Op = PatchOperation.Op
PATH = protocol.parametrized(Path, protocol.Group)
FIELDS = {"displayname": "displayName", "externalid": "externalId", "members": "members"}


@dataclass
class GroupEdit:
    """What is to become of a group. None: as it is. `replaces`: the members are `joining` and nobody else."""

    name: str | None = None
    external_id: str | None = None
    replaces: bool = False
    joining: set[int] = field(default_factory=set)
    leaving: set[int] = field(default_factory=set)

    def apply(self, operation: "PatchOperation[Any]") -> None:
        """The operation in addition to those before it. Raises ScimError."""
        if operation.path is None:
            for name, value in as_object(operation.value).items():
                if known := FIELDS.get(str(name).lower().rpartition(":")[2]):
                    self.write(operation.op, PATH(known), value)
            return
        self.write(operation.op, PATH(operation.path), operation.value)

    def write(self, op: Op, path: "Path[protocol.Group]", value: Any) -> None:
        binding = path.resolve()
        if binding is None:
            return  # an attribute that the portal does not have
        if binding.field_name == "members":
            self.write_members(op, path.value_filter, value)
        elif binding.field_name == "display_name":
            self.name = text(value, "displayName")
        elif binding.field_name == "external_id":
            self.external_id = protocol.external_id("" if op == Op.remove or value is None else text(value, "externalId"))

    def write_members(self, op: Op, selected: FilterNode | None, value: Any) -> None:
        if op == Op.remove:
            if selected is not None:
                self.remove(ids_of(selected))
            elif value is None:
                self.replace([])
            else:
                self.remove(filter(None, map(key_of, as_list(value))))
        elif selected is not None:
            raise ScimError(400, "Members can be selected to be removed, and not to be changed.", "invalidPath")
        elif op == Op.add:
            self.add(map(required_key_of, as_list(value)))
        else:
            self.replace(map(required_key_of, as_list(value)))

    def add(self, ids: Iterable[int]) -> None:
        found = set(ids)
        self.joining |= found
        self.leaving -= found

    def remove(self, ids: Iterable[int]) -> None:
        found = set(ids)
        self.joining -= found
        self.leaving |= found

    def replace(self, ids: Iterable[int]) -> None:
        self.replaces, self.joining, self.leaving = True, set(ids), set()


def ids_of(selected: FilterNode) -> list[int]:
    """The members that `value eq "..."`, or several of these joined by `or`, select: one that is none is removed already. Raises
    ScimError for other filters."""
    terms = selected.terms if isinstance(selected, LogicalExpr) and selected.op == LogicalOperator.or_ else (selected,)
    found = []
    for term in terms:
        if not isinstance(term, Comparison) or term.op != CompareOperator.eq or str(term.attr_path).lower() != "value":
            raise ScimError(400, f"Members can be selected by their value alone, not by {str(selected)[:200]}", "invalidFilter")
        found.append(addresses.key_of(USER, term.value) if isinstance(term.value, str) else None)
    return [key for key in found if key]


def key_of(member: Any) -> int | None:
    value = member.get("value") if isinstance(member, dict) else member
    return addresses.key_of(USER, value) if isinstance(value, str) else None


def required_key_of(member: Any) -> int:
    """Raises ScimError for what is no person's id: groups are no members."""
    key = key_of(member)
    if key is None:
        raise ScimError(400, f"{str(member)[:80]} names no user. Only users can be members.", "invalidValue")
    return key


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def as_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ScimError(400, "An operation without a path needs an object as its value.", "invalidValue")
    return value


def text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ScimError(400, f"{name} must be text.", "invalidValue")
    return value
