"""For reading only; users are changed on the Users page."""

from allauth.account.models import EmailAddress
from auditlog.admin import LogEntryAdmin
from auditlog.models import LogEntry
from django.contrib import admin
from django.contrib.auth.models import Group

from portal.readonly import PortableAdmin, ReadOnlyAdmin
from portal.users.models import User

# Neither is used: roles are a field of the user, and so is the address.
admin.site.unregister(Group)
admin.site.unregister(EmailAddress)
admin.site.unregister(LogEntry)


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["username", "display_name", "role", "kind", "is_active", "last_login", "deleted_at"]
    list_filter = ["role", "kind", "is_active", ("deleted_at", admin.EmptyFieldListFilter)]
    search_fields = ["username", "display_name", "email"]
    hidden = ("password", "session_stamp")


@admin.register(LogEntry)
class AuditTrailAdmin(PortableAdmin, LogEntryAdmin):
    """django-auditlog's own, which would search the first and last names that our users do not have."""

    search_fields = ["object_repr", "changes", "actor__username"]
