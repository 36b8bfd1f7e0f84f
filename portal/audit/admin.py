"""The audit trail for operators, for reading only."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.audit.history import credential_of, label_of
from portal.audit.models import Entry
from portal.audit.services import Event
from portal.core.admin import ReadOnlyAdmin


class EventFilter(admin.SimpleListFilter):
    title, parameter_name = "event", "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return Event.choices

    def queryset(self, request: HttpRequest, rows: QuerySet[Entry]) -> QuerySet[Entry]:
        return rows.filter(event=self.value()) if self.value() in Event.values else rows


@admin.register(Entry)
class AuditTrailAdmin(ReadOnlyAdmin):
    list_display = ["created", "happened", "target_kind", "target_name", "actor_name", "means", "from_address", "user_agent"]
    list_filter = [EventFilter]
    search_fields = ["target_name", "actor_name", "changes"]
    ordering = ["-at", "-id"]
    fields = readonly_fields = (
        *("created", "happened", "target_kind", "target_id", "target_name", "changes", "details", "actor_name", "means", "address"),
        *("user_agent", "channel", "request_id", "sequence"),
    )

    @admin.display(description="Created", ordering="at")
    def created(self, entry: Entry) -> str:
        return localize(timezone.localtime(entry.at))

    @admin.display(description="Event", ordering="event")
    def happened(self, entry: Entry) -> str:
        """What happened, and how often where repetitions are counted."""
        return label_of(entry) + (f" (x {entry.count:,})" if entry.count > 1 else "")

    @admin.display(description="Session or token")
    def means(self, entry: Entry) -> str:
        return credential_of(entry)

    @admin.display(description="Address", ordering="address")
    def from_address(self, entry: Entry) -> SafeString | str:
        """With a link to all that came from there."""
        return format_html('<a href="?address={0}">{0}</a>', entry.address) if entry.address else ""

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup in ("address", "target_kind", "target_id") or super().lookup_allowed(lookup, value, request)
