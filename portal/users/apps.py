from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "portal.users"
    label = "users"

    def ready(self) -> None:
        from portal.users import converters, devices, emails, first_administrator, trail  # noqa: F401  # converters registers <username:...>

        devices.connect()
        emails.connect()
        first_administrator.connect()
        trail.connect()
