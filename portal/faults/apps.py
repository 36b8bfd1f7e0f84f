from django.apps import AppConfig


class FaultsConfig(AppConfig):
    name = "portal.faults"
    label = "faults"
    verbose_name = "Faults"

    def ready(self) -> None:
        from portal.faults import audit_targets

        audit_targets.connect()
