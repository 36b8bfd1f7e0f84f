from django.apps import AppConfig


class SettingsConfig(AppConfig):
    name = "settings_app"
    verbose_name = "System Settings"

    def ready(self) -> None:
        from settings_app import audit_targets

        audit_targets.connect()
