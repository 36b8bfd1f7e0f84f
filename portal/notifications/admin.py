"""For operators, read-only: which messages wait, were sent or have failed, and why. Never what they say."""

from django.contrib import admin

from portal.core.admin import ReadOnlyAdmin
from portal.notifications.models import Message


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ["recipient", "kind", "subject", "state", "attempts", "last_error", "created_at", "sent_at"]
    list_filter = ["state", "kind"]
    search_fields = ["recipient", "subject", "message_id"]
    date_hierarchy = "created_at"
    hidden = ("about", "content")
