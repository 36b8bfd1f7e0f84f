"""How far each receiver of the audit trail has got."""

from django.db import models
from django.db.models import Q


class Target(models.Model):
    """A receiver: a cursor in the chain, and the lease of the worker that sends to it."""

    name = models.CharField(max_length=300, unique=True, help_text="Kind, host and port. What has another name gets all entries.")
    delivered = models.BigIntegerField(default=0, help_text="The sequence of the last entry that it has accepted.")
    delivered_at = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True, help_text="Of the worker that is sending.")
    lease_until = models.DateTimeField(null=True, blank=True, help_text="When another worker may send, should this one be killed.")
    attempts = models.PositiveIntegerField(default=0, help_text="That failed in a row.")
    next_attempt_at = models.DateTimeField()
    failing_since = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        db_table = "audit_target"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(delivered__gte=0), name="audit_target_delivered"),
            models.CheckConstraint(
                condition=Q(lease=None, lease_until=None) | Q(lease__isnull=False, lease_until__isnull=False), name="audit_target_lease"
            ),
            models.CheckConstraint(
                condition=Q(attempts=0, failing_since=None) | Q(attempts__gt=0, failing_since__isnull=False), name="audit_target_failing"
            ),
        ]

    def __str__(self) -> str:
        return self.name
