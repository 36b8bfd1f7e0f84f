from django.apps import AppConfig


class FaultsConfig(AppConfig):
    name = "portal.faults"
    label = "faults"
    verbose_name = "Faults"
