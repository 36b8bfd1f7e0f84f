"""For reading only; users are changed on the Users page."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.safestring import SafeString

from portal.audit.audited_admin import AuditedAdmin
from portal.core.admin import ReadOnlyAdmin, pill
from portal.users.models import User, UserQuerySet

# Neither is used: roles are a field of the user, and so is the address.
admin.site.unregister(Group)
admin.site.unregister(EmailAddress)


class StateFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*User.Status.choices, ("deleted", "Deleted")]

    def queryset(self, request: HttpRequest, rows: UserQuerySet) -> UserQuerySet:  # type: ignore[override]  # as get_queryset makes it
        state = self.value()
        if state == "deleted":
            return rows.filter(deleted_at__isnull=False)
        return rows.existing().in_status(state) if state in User.Status.values else rows


@admin.register(User)
class UserAdmin(AuditedAdmin, ReadOnlyAdmin):
    list_display = ["username", "display_name", "role", "kind", "state", "last_login", "created_at"]
    list_filter = [StateFilter, "role", "kind"]
    search_fields = ["search_key"]
    ordering = ["search_key"]
    sort_keys = {"username": "search_key"}
    hidden = ("password", "session_stamp")
    fields = readonly_fields = (
        *("username", "display_name", "email", "role", "kind", "state"),
        *("may_introspect", "may_provision", "created_at", "last_login", "deleted_at"),
    )

    @admin.display(description="State", ordering="is_active")
    def state(self, user: User) -> SafeString:
        if user.deleted_at:
            return pill("revoked", "Deleted")
        return pill(user.status, user.status.label)
