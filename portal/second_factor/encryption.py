"""The secrets of authenticator apps and recovery codes are stored encrypted, so that a copy of the database gives none of them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from portal.core.derived_secrets import derive, secret_keys

if TYPE_CHECKING:  # takes 6 MB, which a portal without second factors does not need
    from cryptography.fernet import MultiFernet

SALT = "portal.second_factor.secrets"


class Unreadable(Exception):
    """The text was encrypted under a key that is neither SECRET_KEY nor one of SECRET_KEY_FALLBACKS."""


def fernet() -> MultiFernet:
    """Encrypts under the present key; decrypts under former ones too."""
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(base64.urlsafe_b64encode(derive(SALT, "", key))) for key in secret_keys()])


def encrypt(text: str) -> str:
    return fernet().encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Raises Unreadable."""
    from cryptography.fernet import InvalidToken

    try:
        return fernet().decrypt(encrypted.encode()).decode()
    except InvalidToken:
        raise Unreadable from None
