"""Where operators review faults: reading, Acknowledge and Clear. Nothing is added, edited or deleted here."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from portal.core import permissions as access
from portal.core.admin import PortableAdmin
from portal.faults import services
from portal.faults.models import Fault


@admin.register(Fault)
class FaultAdmin(PortableAdmin):
    list_display = ["name", "resource", "severity", "state", "raised_at", "acknowledged_by", "cleared_at"]
    list_filter = ["severity", "source", ("cleared_at", admin.EmptyFieldListFilter), ("acknowledged_at", admin.EmptyFieldListFilter)]
    list_select_related = ["acknowledged_by"]
    search_fields = ["name", "resource", "description"]
    date_hierarchy = "raised_at"
    actions = ["acknowledge", "clear"]

    def has_review_permission(self, request: HttpRequest) -> bool:
        return access.may_review(request.user)

    @admin.action(description="Acknowledge", permissions=["review"])
    def acknowledge(self, request: HttpRequest, faults: QuerySet[Fault]) -> None:
        now = timezone.now()
        count = sum(services.acknowledge(fault, access.actor_of(request), now) for fault in faults)
        self.message_user(request, f"{count} acknowledged.", messages.SUCCESS)

    @admin.action(description="Clear", permissions=["review"])
    def clear(self, request: HttpRequest, faults: QuerySet[Fault]) -> None:
        now = timezone.now()
        count = sum(services.clear(fault, access.actor_of(request), now) for fault in faults)
        self.message_user(request, f"{count} cleared. If a fault's cause persists, the next scan raises it again.", messages.SUCCESS)
