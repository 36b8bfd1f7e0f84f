"""Groups: rows as resources, and lists of them. What a request changes about them is in group_changes.py.

A directory sees the groups that it made, and neither those made by hand nor those of company sign-ins.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404
from scim2_models import Meta, Resource, ResponseParameters

from portal.core import versions
from portal.directory.models import Group, Membership, same_name
from portal.scim import addresses, filters, lists, protocol
from portal.scim.addresses import GROUP, USER

MOST_MEMBERS = 20_000  # of all groups on a page: one that has more ends earlier (RFC 7644, section 3.4.2.4)
MEMBER = filters.key(partial(addresses.key_of, USER), lambda pk: Q(pk__in=Membership.objects.filter(user=pk).values("group")))
CONDITIONS = filters.Conditions(
    fields={
        "id": filters.key(partial(addresses.key_of, GROUP), lambda pk: Q(pk=pk)),
        "externalid": filters.text("scim__external_id", lambda text: Q(scim__external_id=text), folded=False),
        "displayname": filters.text("name", lambda text: Q(name_key=same_name(text))),
        "members": MEMBER,
        "members.value": MEMBER,
    },
    presence={
        "externalid": Q(scim__external_id__gt=""),
        **dict.fromkeys(("members", "members.value"), Q(pk__in=Membership.objects.values("group"))),
    },
)


def rows() -> QuerySet[Group]:
    return Group.objects.filter(source=Group.Source.SCIM).select_related("scim")


def find(text: str) -> Group:
    """The group whose id is `text`. Raises Http404."""
    key = addresses.key_of(GROUP, text)
    group = rows().filter(pk=key).first() if key else None
    if group is None:
        raise Http404
    return group


def listed(query: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a list. Raises ScimError."""
    return lists.listed(rows(), lists.search(protocol.Group, query), CONDITIONS, resources)


def represented(group: Group, query: Mapping[str, str]) -> tuple[dict[str, Any], str, str]:
    """A response's body with the attributes that `query` names, its ETag and Location. Raises ScimError."""
    wanted = protocol.parameters(protocol.Group, query)
    return protocol.dumped(resources([group], wanted)[0], wanted), etag(group), addresses.location(GROUP, group.pk)


def resources(groups: Sequence[Group], wanted: ResponseParameters[Any]) -> list[Resource[Any]]:
    """The resources of several groups: a fixed number of queries, none of which reads members that nobody asked for. Fewer groups than
    given where they have too many members for one response."""
    states = {row["group"]: (row["count"], row["newest"]) for row in counted(groups)}
    members: dict[int, list[int]] = {}
    if with_members(wanted):
        groups = groups[: fitting([states.get(group.pk, (0, 0))[0] for group in groups])]
        for pk, user in Membership.objects.filter(group__in=groups).order_by("user").values_list("group", "user"):
            members.setdefault(pk, []).append(user)
    return [resource(group, members.get(group.pk, []), states.get(group.pk, (0, 0))) for group in groups]


def fitting(counts: Sequence[int]) -> int:
    """How many groups, of so many members each, go into one response: at least one."""
    total = 0
    for place, count in enumerate(counts):
        total += count
        if total > MOST_MEMBERS:
            return max(place, 1)
    return len(counts)


def with_members(wanted: ResponseParameters[Any]) -> bool:
    """Does the request ask for members?"""
    named = [str(path).lower().rpartition(":")[2].split(".")[0] for path in wanted.attributes or []]
    left_out = [str(path).lower().rpartition(":")[2] for path in wanted.excluded_attributes or []]
    return (not named or "members" in named) and "members" not in left_out


def resource(group: Group, members: Sequence[int], state: tuple[int, int]) -> protocol.Group:
    tag = f"W/{versions.etag(version(group, state))}"
    return protocol.Group(
        id=addresses.id_of(GROUP, group.pk),
        external_id=external_id(group) or None,
        meta=Meta(resource_type="Group", created=group.created_at, location=addresses.location(GROUP, group.pk), version=tag),
        display_name=group.name,
        members=[member(pk) for pk in members] or None,
    )


def member(pk: int) -> protocol.Member:
    ref: Any = addresses.location(USER, pk)
    return protocol.Member(value=addresses.id_of(USER, pk), ref=ref, type="User")


def external_id(group: Group) -> str:
    return group.scim.external_id if hasattr(group, "scim") else ""


def counted(groups: Sequence[Group]) -> Iterable[Any]:
    """How many members each has, and the newest membership: no two states of a group have both in common, as keys are never used again."""
    return Membership.objects.filter(group__in=groups).values("group").order_by().annotate(count=Count("pk"), newest=Max("pk"))


def state_of(group: Group) -> tuple[int, int]:
    return next(((row["count"], row["newest"]) for row in counted([group])), (0, 0))


def version(group: Group, state: tuple[int, int]) -> str:
    return versions.version(name=group.name, external_id=external_id(group), members=state)


def etag(group: Group) -> str:
    return f"W/{versions.etag(version(group, state_of(group)))}"
