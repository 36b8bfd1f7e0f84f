from django.apps import AppConfig


class TokensConfig(AppConfig):
    name = "tokens"
    verbose_name = "Tokens"

    def ready(self) -> None:
        from tokens import details, emails, receivers
        from tokens.expiry import digest as digests
        from tokens.expiry import panels

        receivers.connect()
        digests.connect()
        panels.connect()
        emails.connect()
        details.connect()
