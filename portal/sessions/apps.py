from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "portal.sessions"
    label = "user_sessions"  # Django's own app is called sessions
    verbose_name = "Sessions"

    def ready(self) -> None:
        from portal.sessions import emails, receivers

        emails.connect()
        receivers.connect()
