"""For reading only; keys are set on the Config page."""

from django.contrib import admin

from portal.core.admin import PortableAdmin
from settings_app.models import Config
from settings_app.registry import KEYS


@admin.register(Config)
class ConfigAdmin(PortableAdmin):
    list_display = ["name", "key", "value", "updated_at"]
    search_fields = ["key", "value"]
    fields = readonly_fields = ("name", "key", "value", "updated_at")
    audited = True

    @admin.display(description="Name")
    def name(self, config: Config) -> str:
        """What the Config page calls it."""
        return KEYS[config.key].label if config.key in KEYS else config.key
