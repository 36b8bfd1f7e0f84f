"""The audit trail for operators, for reading only."""

from typing import Any

from auditlog.admin import LogEntryAdmin
from auditlog.models import LogEntry
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from portal.audit.services import Event
from portal.core.admin import PortableAdmin

admin.site.unregister(LogEntry)


class EventFilter(admin.SimpleListFilter):
    title, parameter_name = "event", "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return Event.choices

    def queryset(self, request: HttpRequest, rows: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
        return rows.filter(additional_data__event=self.value()) if self.value() in Event.values else rows


class ResourceFilter(admin.SimpleListFilter):
    """By the models that the Django admin shows. django-auditlog's filter would look for those that there are in all rows."""

    title, parameter_name = "resource", "resource_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        models = [model for model, known in admin.site._registry.items() if getattr(known, "audited", False)]
        kinds = ContentType.objects.get_for_models(*models)
        return sorted(((str(kind.pk), str(capfirst(model._meta.verbose_name))) for model, kind in kinds.items()), key=lambda each: each[1])

    def queryset(self, request: HttpRequest, rows: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
        return rows.filter(content_type_id=self.value()) if self.value() else rows


@admin.register(LogEntry)
class AuditTrailAdmin(PortableAdmin, LogEntryAdmin):
    """django-auditlog's own, with security events, and by what a request was authenticated. It would search the first and last names that
    our users do not have."""

    list_display = ["created", "event", "resource_url", "action", "msg_short", "user_url", "credential", "address", "user_agent"]
    list_filter = [EventFilter, "action", ResourceFilter, "timestamp"]
    date_hierarchy = None  # it reads all rows
    search_fields = ["object_repr", "changes", "actor__username"]
    readonly_fields = [*LogEntryAdmin.readonly_fields, "event", "credential", "remote_addr", "user_agent", "details"]
    fieldsets = [*LogEntryAdmin.fieldsets, ("Request", {"fields": ["event", "credential", "remote_addr", "user_agent", "details"]})]

    @admin.display(description="Created", ordering="timestamp")
    def created(self, entry: LogEntry) -> str:
        return localize(timezone.localtime(entry.timestamp))

    @admin.display(description="Resource")
    def resource_url(self, entry: LogEntry) -> SafeString:
        """What the entry is about, with a link if the Django admin shows it."""
        model = entry.content_type.model_class()
        label = f"{capfirst(entry.content_type.name)}: {entry.object_repr}"
        if model not in admin.site._registry:
            return format_html("{}", label)
        page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[entry.object_pk])
        return format_html('<a href="{}">{}</a>', page, label)

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
