"""Users: rows as resources, and lists of them. What a request changes about them is in people_changes.py."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from scim2_models import Meta, Resource, ResponseParameters

from portal.core import versions
from portal.directory.models import Group, Membership
from portal.scim import addresses, filters, lists, protocol
from portal.scim.addresses import GROUP, USER
from portal.users.models import User, named

HAS_EMAIL = ~Q(email="")
EMAIL = filters.text("email", filters.lowered("email"))
CONDITIONS = filters.Conditions(
    fields={
        "id": filters.key(partial(addresses.key_of, USER), lambda pk: Q(pk=pk)),
        "username": filters.text("username", named),
        "externalid": filters.text("scim__external_id", lambda text: Q(scim__external_id=text), folded=False),
        "displayname": filters.text("display_name", lambda text: Q(display_name__iexact=text)),
        "active": filters.boolean("is_active"),
        "emails": EMAIL,
        "emails.value": EMAIL,
        "emails.type": filters.constant("work", HAS_EMAIL),
        "emails.primary": filters.constant("true", HAS_EMAIL),
    },
    presence={
        "displayname": ~Q(display_name=""),
        "externalid": Q(scim__external_id__gt=""),
        **dict.fromkeys(("emails", "emails.value", "emails.type", "emails.primary"), HAS_EMAIL),
    },
)


def rows() -> QuerySet[User]:
    """The people who are not deleted. A directory never sees service accounts."""
    return User.objects.existing().filter(kind=User.Kind.PERSON).select_related("scim")


def find(text: str) -> User:
    """The person whose id is `text`. Raises Http404."""
    key = addresses.key_of(USER, text)
    user = rows().filter(pk=key).first() if key else None
    if user is None:
        raise Http404
    return user


def listed(query: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a list. Raises ScimError."""
    return lists.listed(rows(), lists.search(protocol.User, query), CONDITIONS, resources)


def resources(users: Sequence[User], wanted: ResponseParameters[Any] | None) -> list[Resource[Any]]:
    """The resources of several people: one query for their groups."""
    groups: dict[int, list[Group]] = {}
    for membership in Membership.objects.filter(user__in=users, group__source=Group.Source.SCIM).select_related("group").order_by("pk"):
        groups.setdefault(membership.user_id, []).append(membership.group)
    return [resource(user, groups.get(user.pk, [])) for user in users]


def resource(user: User, groups: Sequence[Group] = ()) -> protocol.User:
    stored = attributes(user)
    return protocol.User(
        id=addresses.id_of(USER, user.pk),
        external_id=external_id(user) or None,
        meta=Meta(resource_type="User", created=user.created_at, location=addresses.location(USER, user.pk), version=etag(user)),
        user_name=user.username,
        name=stored.get("name"),
        display_name=user.display_name or None,
        active=user.is_active,
        emails=[protocol.Email.model_validate(each) for each in emails(user, stored)] or None,
        groups=[group_of_user(group) for group in groups] or None,
    )


def group_of_user(group: Group) -> protocol.GroupOfUser:
    ref: Any = addresses.location(GROUP, group.pk)
    return protocol.GroupOfUser(value=addresses.id_of(GROUP, group.pk), ref=ref, display=group.name)


def represented(user: User, query: Mapping[str, str]) -> tuple[dict[str, Any], str, str]:
    """A response's body with the attributes that `query` names, its ETag and Location. Raises ScimError."""
    wanted = protocol.parameters(protocol.User, query)
    return protocol.dumped(resources([user], wanted)[0], wanted), etag(user), addresses.location(USER, user.pk)


def external_id(user: User) -> str:
    return user.scim.external_id if hasattr(user, "scim") else ""


def attributes(user: User) -> dict[str, Any]:
    """What the directory has sent beside what the portal has fields for. Of a person whom no directory has written, the name."""
    if hasattr(user, "scim"):
        return user.scim.attributes
    return {"name": {"formatted": user.display_name}} if user.display_name else {}


def emails(user: User, stored: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The addresses as the directory sent them, unless the portal has come to use another one."""
    found: list[dict[str, Any]] = stored.get("emails", [])
    if chosen(found) == user.email:
        return found
    return [{"value": user.email, "type": "work", "primary": True}] if user.email else []


def chosen(found: Sequence[Mapping[str, Any]]) -> str:
    """The address of which the portal makes use: the primary one, or else the first; "" for none."""
    ordered = sorted(found, key=lambda each: each.get("primary") is not True)
    return ordered[0].get("value") or "" if ordered else ""


def version(user: User) -> str:
    """Changes with whatever a request can change, and not with the groups."""
    return versions.version(
        username=user.username,
        email=user.email,
        display_name=user.display_name,
        is_active=user.is_active,
        external_id=external_id(user),
        attributes=attributes(user),
    )


def etag(user: User) -> str:
    """Weak, since it is the same for every choice of attributes (RFC 7644, section 3.14)."""
    return f"W/{versions.etag(version(user))}"
