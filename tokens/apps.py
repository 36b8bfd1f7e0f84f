from django.apps import AppConfig


class TokensConfig(AppConfig):
    name = "tokens"

    def ready(self) -> None:
        from tokens import digests, emails, receivers
        from tokens.scan import triggers

        receivers.connect()
        digests.connect()
        emails.connect()
        triggers.connect()
