"""What the Django admin pages of this portal share: they show, and what they hide cannot be asked for either."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin):
    """`hidden`: fields that no page shows. Django would let any of them be a filter in the address (`?password__startswith=...`),
    by which a secret can be read a character at a time; such an address is refused with 400."""

    hidden: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup.split("__")[0] not in self.hidden and super().lookup_allowed(lookup, value, request)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.hidden
