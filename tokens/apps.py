from django.apps import AppConfig


class TokensConfig(AppConfig):
    name = "tokens"
    verbose_name = "Tokens"

    def ready(self) -> None:
        from tokens import audit_targets, details, emails, receivers
        from tokens.expiry import digest as digests
        from tokens.expiry import panels

        audit_targets.connect()
        receivers.connect()
        digests.connect()
        panels.connect()
        emails.connect()
        details.connect()
