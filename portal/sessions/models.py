"""What is known about each sign-in: where, when, how, and when it was last used."""

from datetime import datetime
from typing import Self

from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from portal.users.models import User


class SignInQuerySet(models.QuerySet["SignIn"]):
    def active(self, owner: User, now: datetime) -> Self:
        """Those of `owner` whose sessions work: not ended, not expired, and not from before a new password or session stamp."""
        sessions = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=now)
        hashes = [owner.get_session_auth_hash(), *owner.get_session_auth_fallback_hash()]
        return self.filter(Exists(sessions), user=owner, ended_at=None, auth_hash__in=hashes)


class SignIn(models.Model):
    """A sign-in of a person, for the Sessions page. Whether the session still works is never decided by this row, but by Django's row of
    the session and by the user's session hash: so nothing that ends sessions can forget it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    # As Django's row of the session has it: a hash of what the cookie holds (portal/users/session_store.py).
    session_key = models.CharField(max_length=40, unique=True, editable=False)
    auth_hash = models.CharField(max_length=64, editable=False, help_text="The user's session hash, as in the session.")
    device = models.CharField(max_length=100, help_text="Browser and system, as the browser last said.")
    address = models.GenericIPAddressField(null=True, blank=True, help_text="Where it was last used from.")
    method = models.CharField(max_length=100, blank=True, help_text="How the person signed in.")
    signed_in_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(help_text="Written at most once in 5 minutes.")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = SignInQuerySet.as_manager()

    class Meta:
        ordering = ["-last_seen_at", "-pk"]
        indexes = [models.Index(fields=["last_seen_at"], name="user_sessions_by_last_seen")]

    def __str__(self) -> str:
        return f"{self.device} of {self.user}"
