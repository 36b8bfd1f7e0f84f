"""Our answers to the questions of django-allauth's `mfa`. What is only needed when a factor is used is imported then."""

from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings

from portal.users.models import User


class MFAAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        from portal.second_factor import encryption

        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        from portal.second_factor import encryption

        return encryption.decrypt(encrypted_text)

    def get_totp_label(self, user: User) -> str:
        return user.username

    def get_totp_issuer(self) -> str:
        """What authenticator apps show as the account's service."""
        return settings.PORTAL_NAME
