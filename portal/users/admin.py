"""For reading only; users are changed on the Users page."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from portal.audit.audited_admin import AuditedAdmin
from portal.core.admin import ReadOnlyAdmin, pill
from portal.users.models import User

# Neither is used: roles are a field of the user, and so is the address.
admin.site.unregister(Group)
admin.site.unregister(EmailAddress)


class StateFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"
    STATES = (
        ("active", "Active", {"is_active": True}),
        ("inactive", "Inactive", {"is_active": False, "deleted_at": None}),
        ("deleted", "Deleted", {"deleted_at__isnull": False}),
    )

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, label) for value, label, _ in self.STATES]

    def queryset(self, request: HttpRequest, rows: QuerySet[User]) -> QuerySet[User]:
        conditions: dict[str, Any] = next((chosen for value, _, chosen in self.STATES if value == self.value()), {})
        return rows.filter(**conditions)


@admin.register(User)
class UserAdmin(AuditedAdmin, ReadOnlyAdmin):
    list_display = ["username", "display_name", "role", "kind", "state", "last_login", "created_at"]
    list_filter = [StateFilter, "role", "kind"]
    search_fields = ["username", "display_name", "email"]
    hidden = ("password", "session_stamp")
    fields = readonly_fields = (
        *("username", "display_name", "email", "role", "kind", "state", "may_introspect", "created_at", "last_login", "deleted_at"),
    )

    @admin.display(description="State", ordering="is_active")
    def state(self, user: User) -> SafeString:
        if user.deleted_at:
            return pill("revoked", "Deleted")
        return pill("active", "Active") if user.is_active else pill("neutral", "Inactive")
