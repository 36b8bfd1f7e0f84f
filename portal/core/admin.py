"""What the Django admin pages of this portal share: they show, and what they hide cannot be asked for either."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.core.ordering import portable


class PortableChangeList(ChangeList):
    """A list in an order that is the same on both databases."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return [each for term in super().get_ordering(request, queryset) for each in portable(queryset, term)]


class PortableAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # only the stubs can be subscripted
    """Searches and sorts as the portal's own lists do."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PortableChangeList

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return [f"{field}__finds" for field in super().get_search_fields(request)]


class ReadOnlyAdmin(PortableAdmin):
    """`hidden`: fields that no page shows. Django would let any of them be a filter in the address (`?password__startswith=...`),
    by which a secret can be read a character at a time; such a URL is rejected with 400."""

    hidden: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup.split("__")[0] not in self.hidden and super().lookup_allowed(lookup, value, request)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.hidden
