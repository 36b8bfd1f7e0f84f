"""Read-only admin pages: tokens, scans and notices. No secret is shown, and nothing can be changed past the services."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.audit.audited_admin import AuditedAdmin
from portal.core.admin import PortableAdmin, ReadOnlyAdmin, pill
from tokens.admin_filters import ExpiryFilter, KindFilter, StateFilter, ThresholdFilter
from tokens.models import Notice, ScanRun, Token
from tokens.models.token import TokenQuerySet
from tokens.verification import verify
from tokens.verification.lookup import Stored


def link_to(row: Model) -> SafeString:
    """To the page of another row in the Django admin."""
    address = reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, row)


@admin.register(Token)
class TokenAdmin(AuditedAdmin, ReadOnlyAdmin):
    list_display = ["name", "hint", "owner", "kind", "state", "created_at", "expires", "last_used_at"]
    list_filter = [StateFilter, KindFilter, ExpiryFilter, "created_at"]
    sort_keys = {"name": "search_key"}
    list_select_related = ["user"]
    search_fields = ["search_key", "user__search_key"]
    hidden = ("digest", "session_hash", "request_id")
    # `expires` stands for `expires_at`: midnight after the last day looks like a day later.
    fields = readonly_fields = (
        *("name", "hint", "id", "owner", "kind", "state", "created_at", "created_by", "created_with", "expires"),
        *("last_used_at", "last_used_from", "revoked_at", "revoked_by", "rejected_uses"),
    )

    def get_search_results(self, request: HttpRequest, queryset: TokenQuerySet, search_term: str) -> tuple[TokenQuerySet, bool]:  # type: ignore[override]  # narrower
        """As Access Control searches, by its indexes."""
        return queryset.found(search_term) if search_term else queryset, False

    @admin.display(description="Owner", ordering="user__search_key")
    def owner(self, token: Token) -> SafeString:
        return link_to(token.user)

    @admin.display(description="Expires", ordering="expires_at")
    def expires(self, token: Token) -> str:
        """As the Django admin writes the columns beside it."""
        return localize(timezone.localtime(token.last_moment))

    @admin.display(description="State")
    def state(self, token: Token) -> SafeString:
        """Active, or why it is rejected."""
        reason = verify.rejection_reason(Stored.of(token), timezone.now())
        if reason is None:
            return pill("active", "Active")
        return pill("revoked" if reason is verify.RejectionReason.REVOKED else "expired", reason.value.capitalize())

    @admin.display(description="Rejected uses")
    def rejected_uses(self, token: Token) -> str:
        """Of a token that has ended, as the Tokens tabs say it."""
        if not token.refused_at:
            return "0"
        return f"{token.refused_count:,}, last on {localize(timezone.localtime(token.refused_at))} from {token.refused_from}"


@admin.register(ScanRun)
class ScanRunAdmin(PortableAdmin):
    list_display = ["started_at", "trigger", "finished_at", "due", "raised", "cleared", "queued", "error"]
    list_filter = ["triggered_by", "started_at"]
    list_select_related = ["person"]
    fields = readonly_fields = ("started_at", "trigger", "finished_at", "due", "raised", "cleared", "queued", "error", "lease_until")


@admin.register(Notice)
class NoticeAdmin(PortableAdmin):
    list_display = ["address", "token_link", "threshold", "state", "sent_at", "attempts", "last_error", "created_at"]
    list_filter = ["message__state", ThresholdFilter, "created_at"]
    list_select_related = ["token", "message"]
    ordering = ["-pk"]  # by age too, and without sorting all of them
    search_fields = ["address", "token__name"]
    fields = readonly_fields = (
        *("address", "token_link", "threshold", "message_link", "state", "sent_at", "attempts", "last_error", "created_at", "named"),
    )

    @admin.display(description="Token", ordering="token__name")
    def token_link(self, notice: Notice) -> SafeString:
        return link_to(notice.token)

    @admin.display(description="Message")
    def message_link(self, notice: Notice) -> SafeString | str:
        return link_to(notice.message) if notice.message else ""

    @admin.display(description="State", ordering="message__state")
    def state(self, notice: Notice) -> str:
        return notice.message.get_state_display() if notice.message else ""

    @admin.display(description="Sent", ordering="message__sent_at")
    def sent_at(self, notice: Notice) -> str:
        at = notice.message.sent_at if notice.message else None
        return localize(timezone.localtime(at)) if at else "—"

    @admin.display(description="Attempts")
    def attempts(self, notice: Notice) -> str:
        return str(notice.message.attempts) if notice.message else "—"

    @admin.display(description="Last error")
    def last_error(self, notice: Notice) -> str:
        return notice.message.last_error if notice.message else ""
