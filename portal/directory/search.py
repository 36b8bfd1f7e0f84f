"""Finding a person or a group by what somebody types: a field with suggestions, since a list of all would be too long."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet

from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.core.list_views import search_text
from portal.directory import owners
from portal.directory.models import Group
from portal.users.models import User, named

MOST = 20
GROUP = "group:"  # no username has a colon


class Suggestion(NamedTuple):
    """`value` is what the field gets, `label` what is shown beside it."""

    value: str
    label: str


def people() -> QuerySet[User]:
    return User.objects.existing().filter(kind=User.Kind.PERSON, is_active=True)


def suggestions(text: str, with_groups: bool) -> list[Suggestion]:
    """The first people whose name has `text`, and groups if they are wanted too."""
    text = search_text(text)
    text, only_groups = (text[len(GROUP) :].strip(), True) if text.lower().startswith(GROUP) else (text, False)
    if not text:
        return []
    found: list[Suggestion] = []
    if with_groups:
        rows = Group.objects.filter(search_key__has=text).order_by("search_key", "pk")[: MOST // 2]
        found = [Suggestion(f"{GROUP} {group.name}", group.get_source_display()) for group in rows]
    if not only_groups:
        users = people().filter(search_key__may_have=text, search_key__has=text).order_by("search_key", "pk")[:MOST]
        found += [Suggestion(user.username, user.display_name) for user in users]
    return found[:MOST]


def person(text: str, field: str) -> User:
    """The person of that username. Raises ServiceError for `field`."""
    found = User.objects.existing().filter(named(text.strip())).first()
    if found is None:
        raise ServiceError(f"There is no user named {text.strip()[:80]}.", field)
    return found


def hand_over(leaving: User | Group, text: str, actor: Actor | None, now: datetime, field: str) -> None:
    """`owners.hand_over` to whom `text` names; nothing if it is empty. Raises ServiceError for `field`."""
    if not text.strip():
        return
    try:
        owners.hand_over(leaving, owner(text, field), actor, now)
    except ServiceError as error:
        raise ServiceError(str(error), field, error.code) from None


def owner(text: str, field: str) -> User | Group:
    """The person of that username, or the group after `group:`. Of a name that is both a manual or SCIM group's and a claim group's, the
    former. Raises ServiceError for `field`."""
    text = text.strip()
    if not text.lower().startswith(GROUP):
        return person(text, field)
    name = text[len(GROUP) :].strip()
    groups = list(Group.objects.filter(name__iexact=name)[:10])
    exact = [group for group in groups if group.name == name] or groups
    if not exact:
        raise ServiceError(f"There is no group named {name[:80]}.", field)
    return min(exact, key=lambda group: (group.source == Group.Source.CLAIM, group.pk))
