from django.apps import AppConfig


class FaultsConfig(AppConfig):
    name = "portal.faults"
    label = "faults"
    verbose_name = "Faults"

    def ready(self) -> None:
        from portal.faults import audit_faults, audit_targets

        audit_faults.connect()
        audit_targets.connect()
