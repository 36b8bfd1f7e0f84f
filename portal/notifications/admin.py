"""For operators, read-only: which messages wait, were sent or have failed, and why. Never what they say."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from portal.core.admin import ReadOnlyAdmin, pill
from portal.notifications import renderers
from portal.notifications.models import Message

PILLS = {"sent": "active", "failed": "critical"}


def kind_label(kind: str) -> str:
    """`expiry_digest` as `Expiry digest`."""
    return kind.replace("_", " ").capitalize()


class KindFilter(admin.SimpleListFilter):
    """By the kinds that there can be. Django's filter would look for those that there are in all rows."""

    title, parameter_name = "kind", "kind__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind_label(kind)) for kind in renderers.kinds()]

    def queryset(self, request: HttpRequest, rows: QuerySet[Message]) -> QuerySet[Message]:
        return rows.filter(kind=self.value()) if self.value() else rows


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ["recipient", "kind_name", "subject", "state_pill", "attempts", "last_error", "created_at", "sent_at"]
    list_filter = ["state", KindFilter, "created_at"]
    search_fields = ["recipient", "subject", "message_id"]
    hidden = ("about", "content")
    fields = readonly_fields = (
        *("recipient", "kind_name", "subject", "state_pill", "attempts", "last_error", "created_at", "last_attempt_at"),
        *("next_attempt_at", "sent_at", "channel", "message_id"),
    )

    @admin.display(description="State", ordering="state")
    def state_pill(self, message: Message) -> SafeString:
        return pill(PILLS.get(message.state, "neutral"), message.get_state_display())

    @admin.display(description="Kind", ordering="kind")
    def kind_name(self, message: Message) -> str:
        return kind_label(message.kind)
