"""For reading only; keys are set on the Config page."""

from django.contrib import admin

from settings_app.models import Config


@admin.register(Config)
class ConfigAdmin(admin.ModelAdmin):
    list_display = ["key", "value", "updated_at"]
    search_fields = ["key", "value"]
