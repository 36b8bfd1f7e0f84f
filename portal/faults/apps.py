from django.apps import AppConfig


class FaultsConfig(AppConfig):
    name = "portal.faults"
    label = "faults"
