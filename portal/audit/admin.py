"""The audit trail for operators, for reading only."""

from typing import Any

from auditlog.admin import LogEntryAdmin
from auditlog.models import LogEntry
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from portal.audit.services import Event
from portal.core.admin import PortableAdmin

admin.site.unregister(LogEntry)


class EventFilter(admin.SimpleListFilter):
    title, parameter_name = "event", "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return Event.choices

    def queryset(self, request: HttpRequest, rows: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
        return rows.filter(additional_data__event=self.value()) if self.value() in Event.values else rows


@admin.register(LogEntry)
class AuditTrailAdmin(PortableAdmin, LogEntryAdmin):
    """django-auditlog's own, with security events, and by what a request was authenticated. It would search the first and last names that
    our users do not have."""

    list_display = ["created", "event", "resource_url", "action", "msg_short", "user_url", "credential", "address", "user_agent"]
    list_filter = [EventFilter, *LogEntryAdmin.list_filter]
    search_fields = ["object_repr", "changes", "actor__username"]
    readonly_fields = [*LogEntryAdmin.readonly_fields, "event", "credential", "remote_addr", "user_agent", "details"]
    fieldsets = [*LogEntryAdmin.fieldsets, ("Request", {"fields": ["event", "credential", "remote_addr", "user_agent", "details"]})]

    @admin.display(description="Event")
    def event(self, entry: LogEntry) -> str:
        """What happened, and how often where repetitions are counted."""
        value = data(entry).get("event", "")
        count = data(entry).get("count", 1)
        return dict(Event.choices).get(value, value) + (f" (x {count:,})" if count > 1 else "")

    @admin.display(description="Session or token")
    def credential(self, entry: LogEntry) -> str:
        """By what the actor acted; of a token also who else has seen its text."""
        known = data(entry)
        if "token" not in known:
            return f"session {known['session'][:8]}" if "session" in known else ""
        if "token_name" not in known:
            return f"token {known['token']}"
        creator = f", created by {known['token_created_by']}" if "token_created_by" in known else ""
        return f"token {known['token_name']} ({known['token_hint']}) of {known['token_owner']}{creator}"

    @admin.display(description="Address", ordering="remote_addr")
    def address(self, entry: LogEntry) -> str:
        """With a link to all that came from there."""
        return format_html('<a href="?remote_addr={0}">{0}</a>', entry.remote_addr) if entry.remote_addr else ""

    @admin.display(description="User agent")
    def user_agent(self, entry: LogEntry) -> str:
        return data(entry).get("user_agent", "")

    @admin.display(description="Details")
    def details(self, entry: LogEntry) -> str:
        return ", ".join(f"{name}: {value}" for name, value in data(entry).items() if name not in ("event", "user_agent"))


def data(entry: LogEntry) -> dict[str, Any]:
    return entry.additional_data or {}
