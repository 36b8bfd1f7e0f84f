from django.apps import AppConfig


class SecondFactorConfig(AppConfig):
    name = "portal.second_factor"
    label = "second_factor"
    verbose_name = "Two-factor authentication"

    def ready(self) -> None:
        from portal.second_factor import receivers

        receivers.connect()
