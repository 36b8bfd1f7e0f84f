from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal.core import checks, ordering  # noqa: F401  # the checks register themselves
        from portal.core import db_connections as threads
        from portal.users import sign_in_watch  # the checks register themselves

        threads.connect()
        ordering.connect()
        sign_in_watch.connect()
