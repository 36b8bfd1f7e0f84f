"""For reading only; keys are set on the Config page."""

from django.contrib import admin

from portal.core.admin import PortableAdmin
from settings_app.models import Config


@admin.register(Config)
class ConfigAdmin(PortableAdmin):
    list_display = ["key", "value", "updated_at"]
    search_fields = ["key", "value"]
