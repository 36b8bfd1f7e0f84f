from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal.core import checks, db_connections, ordering  # noqa: F401  # the checks register themselves

        db_connections.connect()
        ordering.connect()
