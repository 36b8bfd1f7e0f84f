"""What the expiry scan records: its runs, and who was notified of what."""

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils import timezone


class ScanRun(models.Model):
    """One scan. Kept 90 days. At most one is unfinished, and belongs to the process that renews its lease."""

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", "Schedule"
        CONFIG = "config", "Config change"
        COMMAND = "command", "Command line"
        PERSON = "person", "Scan now"

    triggered_by = models.CharField(max_length=10, choices=Trigger.choices, db_column="asked_by")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(default=timezone.now, help_text="When another process may take over an unfinished run.")
    again_by = models.CharField(
        max_length=10, choices=Trigger.choices, blank=True, help_text="What triggered a scan while this one ran: another one follows."
    )
    due = models.PositiveIntegerField(default=0)
    raised = models.PositiveIntegerField(default=0)
    cleared = models.PositiveIntegerField(default=0)
    queued = models.PositiveIntegerField(default=0, help_text="Emails queued")
    error = models.TextField(blank=True)
    counts = models.JSONField(null=True, editable=False, help_text="Tokens by status and week as it finished, for Home (tokens/counts.py).")

    class Meta:
        verbose_name = "scan"
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(Case(When(finished_at__isnull=True, then=Value(1))), name="tokens_one_scan_at_a_time"),
        ]
        indexes = [models.Index(fields=["-finished_at"], condition=Q(error=""), name="tokens_scans_that_went_well")]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M:%S} UTC"

    @property
    def summary(self) -> str:
        if self.error:
            return f"failed: {self.error}"
        return f"{self.due} due, {self.raised} faults raised, {self.cleared} cleared, {self.queued} emails queued"

    @property
    def trigger(self) -> str:
        """What triggered it, as the pages say it."""
        return f"{self.get_triggered_by_display()} ({self.person})" if self.person else self.get_triggered_by_display()


class Notice(models.Model):
    """One recipient notified of one token at one threshold: at most once, by constraint. The message says whether that is queued, sent or
    has failed. A notice stays with its message, so that no other message repeats it."""

    token = models.ForeignKey("tokens.Token", on_delete=models.CASCADE, related_name="notices")
    threshold = models.PositiveSmallIntegerField(help_text="Days before expiration")
    address = models.EmailField()
    message = models.ForeignKey("notifications.Message", on_delete=models.CASCADE, null=True, related_name="notices")
    created_at = models.DateTimeField()
    named = models.BooleanField(default=True, db_default=True, help_text="Its digest lists the token. If not, it only counts it.")

    class Meta:
        verbose_name = "notification"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["token", "threshold", "address"], name="tokens_one_notice_per_threshold_and_address")
        ]

    def __str__(self) -> str:
        return f"{self.token_id} at {self.threshold} days to {self.address}"
