from django.apps import AppConfig


class TokensConfig(AppConfig):
    name = "tokens"

    def ready(self) -> None:
        from tokens import digests, receivers

        receivers.connect()
        digests.connect()
