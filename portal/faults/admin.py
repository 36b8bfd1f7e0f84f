"""Where operators review faults: reading, Acknowledge and Clear. Nothing is added, edited or deleted here."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from portal.audit.audited_admin import AuditedAdmin
from portal.core import permissions as access
from portal.core.actors import Actor
from portal.core.admin import pill
from portal.faults import services
from portal.faults.models import Fault, FaultQuerySet

# Each action of a fault's page: what it does, what is said then, and what if somebody else was faster.
ACTIONS: dict[str, tuple[Callable[[Fault, Actor, datetime], bool], str, Callable[[Fault], str]]] = {
    "acknowledge": (services.acknowledge, "Acknowledged.", services.settled_already),
    "undo": (lambda fault, actor, now: services.undo_acknowledge(fault, actor), "Open again.", services.not_acknowledged),
    "clear": (services.clear, "Cleared. If the cause persists, the next scan raises the fault again.", services.settled_already),
}


class StateFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"
    STATES = (
        ("open", "Open", {"cleared_at": None, "acknowledged_at": None}),
        ("acknowledged", "Acknowledged", {"cleared_at": None, "acknowledged_at__isnull": False}),
        ("cleared", "Cleared", {"cleared_at__isnull": False}),
    )

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, label) for value, label, _ in self.STATES]

    def queryset(self, request: HttpRequest, rows: QuerySet[Fault]) -> QuerySet[Fault]:
        conditions: dict[str, Any] = next((chosen for value, _, chosen in self.STATES if value == self.value()), {})
        return rows.filter(**conditions)


@admin.register(Fault)
class FaultAdmin(AuditedAdmin):
    list_display = ["name", "resource", "severity_pill", "state", "raised_at", "acknowledged_by", "cleared_at"]
    list_filter = [StateFilter, "severity", "raised_at"]
    list_select_related = ["acknowledged_by"]
    search_fields = ["name", "resource", "description"]
    fields = readonly_fields = ("state", "severity_pill", "resource", "description", "see", "raised_at", "acknowledged", "cleared_at")
    actions = ["acknowledge", "clear"]

    def get_queryset(self, request: HttpRequest) -> FaultQuerySet:
        return Fault.objects.with_progress()

    def get_urls(self) -> list[URLPattern]:
        """Beside Django's own pages, one address for each of ACTIONS."""
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(partial(self.review, name=name)), name=f"faults_fault_{name}")
            for name in ACTIONS
        ]
        return own + super().get_urls()

    def review(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Acknowledges, undoes or clears, as the fault's own page does."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_review_permission(request):
            raise PermissionDenied
        fault = get_object_or_404(Fault, pk=pk)
        service, done, too_late = ACTIONS[name]
        if service(fault, access.actor_of(request), timezone.now()):
            self.message_user(request, done, messages.SUCCESS)
        else:
            self.message_user(request, too_late(fault), messages.ERROR)
        return redirect(reverse("admin:faults_fault_change", args=[pk]))

    def has_review_permission(self, request: HttpRequest) -> bool:
        return access.may_review(request.user)

    @admin.action(description="Acknowledge", permissions=["review"])
    def acknowledge(self, request: HttpRequest, faults: QuerySet[Fault]) -> None:
        now = timezone.now()
        count = sum(services.acknowledge(fault, access.actor_of(request), now) for fault in faults)
        self.message_user(request, f"{count:,} acknowledged.", messages.SUCCESS)

    @admin.action(description="Clear", permissions=["review"])
    def clear(self, request: HttpRequest, faults: QuerySet[Fault]) -> None:
        now = timezone.now()
        count = sum(services.clear(fault, access.actor_of(request), now) for fault in faults)
        self.message_user(request, f"{count:,} cleared. If a fault's cause persists, the next scan raises it again.", messages.SUCCESS)

    @admin.display(description="State", ordering="progress")
    def state(self, fault: Fault) -> SafeString:
        return pill(fault.state.lower(), fault.state)

    @admin.display(description="Severity", ordering="severity")
    def severity_pill(self, fault: Fault) -> SafeString:
        return pill(fault.severity, fault.get_severity_display())

    @admin.display(description="See also")
    def see(self, fault: Fault) -> SafeString:
        """The fault's links, as far as every operator can follow them."""
        links = [(link.get("admin_url") or link["url"], link["label"]) for link in fault.links]
        own = (reverse("faults:fault", args=[fault.pk]), "Notes and notifications")
        return format_html_join(" · ", '<a href="{}">{}</a>', [*links, own])

    @admin.display(description="Acknowledged")
    def acknowledged(self, fault: Fault) -> str:
        if not fault.acknowledged_at:
            return "—"
        return f"{localize(timezone.localtime(fault.acknowledged_at))} by {fault.acknowledged_by}"
