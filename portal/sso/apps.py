from django.apps import AppConfig


class SsoConfig(AppConfig):
    name = "portal.sso"
    label = "sso"
    verbose_name = "Company sign-in"

    def ready(self) -> None:
        from portal.sso import methods
        from portal.users import company

        company.register(methods.options)
