from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal import checks, ordering, sign_in_watch, threads  # noqa: F401  # the checks register themselves

        threads.connect()
        ordering.connect()
        sign_in_watch.connect()
