from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "portal.users"
    label = "users"
    verbose_name = "Users"

    def ready(self) -> None:
        from portal.users import converters, devices, emails, first_administrator, sign_in_log, sign_in_watch, trail  # noqa: F401  # <username:...>

        devices.connect()
        emails.connect()
        first_administrator.connect()
        sign_in_log.connect()
        sign_in_watch.connect()
        trail.connect()
