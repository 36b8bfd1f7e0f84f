from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "portal.directory"
    label = "directory"
    verbose_name = "Groups and owners"

    def ready(self) -> None:
        from portal.directory import audit_targets, receivers

        audit_targets.connect()
        receivers.connect()
