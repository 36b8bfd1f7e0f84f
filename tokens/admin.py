"""Read-only admin pages: tokens, scans and notices. No secret is shown, and nothing can be changed past the services."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from portal.core.admin import PortableAdmin, ReadOnlyAdmin
from tokens import dates
from tokens.models import Notice, ScanRun, Token
from tokens.verification import verify
from tokens.verification.lookup import Stored


class ExpiryFilter(admin.SimpleListFilter):
    """By the last day. Django's filter of dates would go by the instant after it, a day later."""

    title, parameter_name = "expiry", "expiry"
    DAYS = {"0": "Today", "7": "Within 7 days", "30": "Within 30 days", "90": "Within 90 days"}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*self.DAYS.items(), ("over", "Expired")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Token]) -> QuerySet[Token]:
        now = timezone.now()
        chosen = self.value()
        if chosen == "over":
            return rows.filter(expires_at__lte=now)
        if chosen in self.DAYS:
            return rows.filter(expires_at__gt=now, expires_at__lte=dates.due_before(int(chosen), now))
        return rows


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    list_display = ["name", "hint", "user", "kind", "state", "created_at", "expires", "last_used_at", "revoked_at"]
    list_filter = ["kind", ("revoked_at", admin.EmptyFieldListFilter), ExpiryFilter]
    list_select_related = ["user"]
    search_fields = ["name", "user__username", "last_four"]
    date_hierarchy = "created_at"
    hidden = ("digest", "session_hash", "request_id")
    readonly_fields = ["id", "hint", "state", "expires"]

    def get_exclude(self, request: HttpRequest, obj: Token | None = None) -> tuple[str, ...]:
        """`expires` stands for `expires_at`: midnight after the last day looks like a day later."""
        return (*self.hidden, "last_four", "expires_at")

    @admin.display(description="Expires", ordering="expires_at")
    def expires(self, token: Token) -> str:
        return dates.ends(token.expires_at)

    @admin.display(description="State")
    def state(self, token: Token) -> str:
        reason = verify.rejection_reason(Stored.of(token), timezone.now())
        return reason.value if reason else "good"


@admin.register(ScanRun)
class ScanRunAdmin(PortableAdmin):
    list_display = ["started_at", "trigger", "finished_at", "due", "raised", "cleared", "queued", "error"]
    list_filter = ["triggered_by"]
    list_select_related = ["person"]
    date_hierarchy = "started_at"


@admin.register(Notice)
class NoticeAdmin(PortableAdmin):
    list_display = ["address", "token", "threshold", "state", "sent_at", "attempts", "last_error", "created_at"]
    list_filter = ["message__state", "threshold"]
    list_select_related = ["token", "message"]
    search_fields = ["address", "token__name"]

    @admin.display(description="State", ordering="message__state")
    def state(self, notice: Notice) -> str:
        return notice.message.get_state_display() if notice.message else ""

    @admin.display(description="Sent", ordering="message__sent_at")
    def sent_at(self, notice: Notice) -> datetime | None:
        return notice.message.sent_at if notice.message else None

    @admin.display(description="Attempts")
    def attempts(self, notice: Notice) -> int | None:
        return notice.message.attempts if notice.message else None

    @admin.display(description="Last error")
    def last_error(self, notice: Notice) -> str:
        return notice.message.last_error if notice.message else ""
