"""Secrets that are derived from SECRET_KEY instead of stored.

Never change a salt: what was derived with it (calendar links, temporary tokens, sessions) would stop working. tests/test_derived_secrets.py
has the values of each.
"""

from django.conf import settings
from django.utils.crypto import salted_hmac


def derive(salt: str, value: str, key: str | None = None) -> bytes:
    """HMAC-SHA-256 of `value`, 32 bytes, under a key that is SHA-256 of `salt` and `key` (default: SECRET_KEY).

    `salt` names the purpose, so that a value derived for one is worth nothing for another.
    """
    return salted_hmac(salt, value, secret=key, algorithm="sha256").digest()


def secret_keys() -> list[str]:
    """The keys that something valid may have been derived from, the present one first."""
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
