from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "portal.users"
    label = "users"
    verbose_name = "Users"

    def ready(self) -> None:
        from portal.users import audit_targets, converters, devices, emails, first_administrator, sign_in_log, sign_in_watch, trail  # noqa: F401  # <username:...>

        audit_targets.connect()
        devices.connect()
        emails.connect()
        first_administrator.connect()
        sign_in_log.connect()
        sign_in_watch.connect()
        trail.connect()
