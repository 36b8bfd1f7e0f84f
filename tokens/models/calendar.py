"""Whose calendar may be read by an address."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class CalendarLink(models.Model):
    """A user's calendar is switched on while there is a row; renewing the link makes another row in its place.

    The address's secret is derived from the id (tokens/calendar/links.py); at rest there is only its SHA-256 digest, to look it up by.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_link")
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    # An HMAC over the digest and the owner's session stamp, under the present SECRET_KEY: where it fits no more, the link has ended.
    seal = models.CharField(max_length=64, editable=False, db_default="")

    def __str__(self) -> str:
        return f"calendar link of {self.created_at:%Y-%m-%d %H:%M} UTC"
