"""The providers of the settings."""

from django.conf import settings


def are_configured() -> bool:
    return bool(settings.SIGN_IN_PROVIDERS)
