"""For reading only; keys are set on the Config page."""

from django.contrib import admin

from portal.audit.audited_admin import AuditedAdmin
from settings_app.models import Config
from settings_app.registry import KEYS


@admin.register(Config)
class ConfigAdmin(AuditedAdmin):
    list_display = ["name", "key", "value", "updated_at"]
    search_fields = ["key", "value"]
    fields = readonly_fields = ("name", "key", "value", "updated_at")

    @admin.display(description="Name")
    def name(self, config: Config) -> str:
        """What the Config page calls it."""
        return KEYS[config.key].label if config.key in KEYS else config.key
