"""Can browsers use passkeys at this portal's address? They belong to a domain, and need HTTPS except on localhost."""

from contextlib import suppress
from ipaddress import ip_address

from django.conf import settings


def passkeys() -> bool:
    with suppress(ValueError):
        ip_address(settings.PORTAL_HOST.strip("[]"))
        return False
    return settings.HTTPS or settings.PORTAL_HOST == "localhost" or settings.PORTAL_HOST.endswith(".localhost")
