from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "portal.users"
    label = "users"
    verbose_name = "Users"

    def ready(self) -> None:
        from portal.users import (  # noqa: F401  # <username:...>
            audit_targets,
            converters,
            devices,
            emails,
            first_administrator,
            security_emails,
            sign_in_log,
            sign_in_watch,
            trail,
        )

        audit_targets.connect()
        devices.connect()
        emails.connect()
        first_administrator.connect()
        security_emails.connect()
        sign_in_log.connect()
        sign_in_watch.connect()
        trail.connect()
