"""The audit trail: entries that are only ever inserted, and the signed heads of their chain.

An entry is inserted in the transaction of what it records. The sealer (sealing.py) then gives it its place in the chain, once.
"""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils import timezone

from portal.core.search_keys import SearchKeyField

NAME_MAX = 300  # characters of a target's name: PostgreSQL takes no more than 2,700 bytes into an index


class AppendOnly(TypeError):
    """Something tried to change or delete an entry of the audit trail."""


class EntryQuerySet(models.QuerySet["Entry"]):
    """Reads and inserts. sealing.py and pruning.py use a plain QuerySet for the two changes that there are."""

    def update(self, **values: Any) -> NoReturn:
        raise AppendOnly("Entries of the audit trail are not changed.")

    def delete(self) -> NoReturn:
        raise AppendOnly("Entries of the audit trail are not deleted.")


class Entry(models.Model):
    """Who did what to what, when, by what and from where. Names are kept as they were."""

    at = models.DateTimeField(default=timezone.now)
    event = models.CharField(max_length=60)
    # Without a constraint: an entry is evidence, which no change of a user may touch, and its INSERT locks no row of another table.
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+")
    actor_name = models.CharField(max_length=254, blank=True)
    credential_kind = models.CharField(max_length=10, blank=True, help_text="session, token, or empty.")
    credential_id = models.CharField(max_length=64, blank=True)
    credential_name = models.TextField(blank=True)
    credential_hint = models.CharField(max_length=40, blank=True)
    credential_owner = models.TextField(blank=True)
    credential_created_by = models.TextField(blank=True, help_text="Who else has seen the token's text.")
    channel = models.CharField(max_length=10, blank=True, help_text="Empty in entries of earlier releases.")
    request_id = models.CharField(max_length=64, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.TextField(blank=True)
    target_kind = models.CharField(max_length=40)
    target_id = models.CharField(max_length=255)
    target_name = models.CharField(max_length=NAME_MAX)
    target_key = SearchKeyField("target_name")
    changes = models.JSONField(default=dict, blank=True, help_text="By field: before and after.")
    details = models.JSONField(default=dict, blank=True)
    # Repetitions of what strangers can cause at will are counted in one entry, which is sealed when it counts no more.
    count = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField(null=True, blank=True)
    open_until = models.DateTimeField(null=True, blank=True)
    former_id = models.BigIntegerField(null=True, blank=True, unique=True, help_text="In the table of releases before this one.")
    # The place in the chain. Empty until the entry is sealed.
    sequence = models.BigIntegerField(null=True, blank=True, unique=True)
    previous_hash = models.BinaryField(max_length=32, null=True, blank=True)
    hash = models.BinaryField(max_length=32, null=True, blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "audit entry", "audit entries"
        constraints = [
            models.CheckConstraint(
                condition=Q(sequence=None, previous_hash=None, hash=None)
                | Q(sequence__isnull=False, previous_hash__isnull=False, hash__isnull=False),
                name="audit_sealed_in_one_step",
            )
        ]
        indexes = [
            models.Index(fields=["at", "id"], name="audit_by_time"),
            models.Index(fields=["actor", "at"], name="audit_by_actor"),
            models.Index(fields=["target_kind", "target_id", "at"], name="audit_by_target"),
            models.Index(fields=["event", "at"], name="audit_by_event"),
            models.Index(fields=["address", "at"], name="audit_by_address"),
            models.Index(fields=["credential_kind", "credential_id", "at"], name="audit_by_credential"),
            models.Index(fields=["target_key", "at"], name="audit_by_name"),
            models.Index(fields=["request_id"], name="audit_by_request", condition=~Q(request_id="")),
            models.Index(fields=["at", "id"], name="audit_not_sealed", condition=Q(sequence=None)),
        ]

    def __str__(self) -> str:
        return f"{self.event}: {self.target_name}"

    def save(self, *args: Any, **options: Any) -> None:
        """Inserts. Raises AppendOnly for an entry that is stored already."""
        if not self._state.adding:
            raise AppendOnly("Entries of the audit trail are not changed.")
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> NoReturn:
        raise AppendOnly("Entries of the audit trail are not deleted.")


class Head(models.Model):
    """Where the chain was at the end of a day in UTC, signed; that of the present day moves on with each sealing."""

    number = models.BigIntegerField(unique=True, help_text="Without gaps: a head that is missing would be noticed.")
    day = models.DateField(unique=True)
    sequence = models.BigIntegerField(help_text="Of the day's last entry, or of the last one before. 0: there was none.")
    hash = models.BinaryField(max_length=32)
    key_id = models.CharField(max_length=16, help_text="Which key the signature was made with.")
    signature = models.BinaryField(max_length=32)
    closed_at = models.DateTimeField(null=True, blank=True)
    is_start = models.BooleanField(default=False, help_text="The entries up to here were deleted after their time: the chain begins here.")
    adopted_id = models.BigIntegerField(default=0, help_text="The last row of the former table that has become an entry.")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(Case(When(closed_at__isnull=True, then=Value(1))), name="audit_one_open_head"),
        ]

    def __str__(self) -> str:
        return f"{self.day} at {self.sequence}"
