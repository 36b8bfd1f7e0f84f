"""What django-allauth's table of authenticators (`allauth.mfa`) has no room for."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import models


class LastCode(models.Model):
    """The time step of the newest code that an authenticator app has been used with. A code works once, in whichever process, and none that
    is older than the last one works at all (RFC 6238, section 5.2)."""

    authenticator = models.OneToOneField(Authenticator, on_delete=models.CASCADE, primary_key=True, related_name="last_code")
    step = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.step)


class Requirement(models.Model):
    """Since when a user has known that they must set up a second factor: the grace period is counted from here."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id} since {self.since}"
