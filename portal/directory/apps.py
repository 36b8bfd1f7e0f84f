from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "portal.directory"
    label = "directory"
    verbose_name = "Groups and owners"

    def ready(self) -> None:
        from portal.directory import receivers

        receivers.connect()
