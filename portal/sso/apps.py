from django.apps import AppConfig


class SsoConfig(AppConfig):
    name = "portal.sso"
    label = "sso"
    verbose_name = "Company sign-in"

    def ready(self) -> None:
        from portal.notifications import renderers
        from portal.sso import emergency, methods, receivers
        from portal.users import company, local_passwords
        from settings_app import rules

        company.register(methods.options)
        rules.register(local_passwords.ALLOWED, emergency.check_passwords_off)
        rules.register(local_passwords.EMERGENCY, emergency.check_administrator)
        renderers.register(emergency.EMAIL, emergency.render)
        receivers.connect()
