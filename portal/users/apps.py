from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "portal.users"
    label = "users"

    def ready(self) -> None:
        from portal.users import devices, emails, first_administrator, trail

        devices.connect()
        emails.connect()
        first_administrator.connect()
        trail.connect()
