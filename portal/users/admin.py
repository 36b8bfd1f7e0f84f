"""For reading only; users are changed on the Users page."""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group

from portal.core.admin import ReadOnlyAdmin
from portal.users.models import User

# Neither is used: roles are a field of the user, and so is the address.
admin.site.unregister(Group)
admin.site.unregister(EmailAddress)


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["username", "display_name", "role", "kind", "is_active", "last_login", "deleted_at"]
    list_filter = ["role", "kind", "is_active", ("deleted_at", admin.EmptyFieldListFilter)]
    search_fields = ["username", "display_name", "email"]
    hidden = ("password", "session_stamp")
