"""Filters of lists that users save under a name."""

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import QueryDict

from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.core.redaction import TOKEN
from portal.core.text import clean
from portal.users.models import SavedFilter

NAME_MAX, QUERY_MAX = 60, 1000  # characters
MOST = 20  # of one user and list
PLACE = ("page", "after", "before", "count", "format")  # where in the list, and not what is in it


def clean_query(text: str) -> str:
    """The part of an address that says what a list shows. Raises ServiceError if there is none, or too much."""
    if len(text) > 4 * QUERY_MAX:
        raise ServiceError("These filters are too long to save.", "name")
    query = QueryDict(text, mutable=True)
    for name in list(query):
        given = " ".join([name, *query.getlist(name)])
        if name in PLACE or not query[name] or "\x00" in given or TOKEN.search(given):
            del query[name]
    if not set(query) - {"per_page"}:
        raise ServiceError("Set a search, a filter or an order first.", "name")
    found = query.urlencode()
    if len(found) > QUERY_MAX:
        raise ServiceError("These filters are too long to save.", "name")
    return found


def save(actor: Actor, list_name: str, name: str, query: str) -> SavedFilter:
    """Saves a filter, in the place of the one that has this name. Raises ServiceError or PermissionDenied."""
    name, query = clean(name, NAME_MAX), clean_query(query)
    if not name:
        raise ServiceError("Enter a name.", "name")
    with transaction.atomic():
        access.lock(actor, *access.EVERYBODY)  # so that the limit is exact
        mine = SavedFilter.objects.filter(user=actor.user, list=list_name)
        if mine.filter(Exact(Lower("name"), Lower(Value(name)))).update(name=name, query=query):  # as the constraint compares
            return mine.get(name=name)
        if mine.count() >= MOST:
            raise ServiceError(f"You already have {MOST} saved filters for this list, the maximum.", "name")
        return SavedFilter.objects.create(user=actor.user, list=list_name, name=name, query=query)


def delete(actor: Actor, pk: int) -> bool:
    """Deletes one of the actor's own. False if there is no such filter."""
    with transaction.atomic():
        access.lock(actor, *access.EVERYBODY)
        deleted, _by_model = SavedFilter.objects.filter(user=actor.user, pk=pk).delete()
    return bool(deleted)
