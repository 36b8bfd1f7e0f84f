from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        # `shared_task` binds to the Celery app. Not imported in portal/__init__.py: granian's main process would carry it along.
        import portal.celery  # noqa: F401
        from portal.core import checks, ordering, request_context  # noqa: F401  # the checks register themselves

        ordering.connect()
        request_context.connect()
