"""What the scan leaves behind: its runs, the ranges of a large one, the mails that it asks for, and who was told of what."""

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils import timezone


class ScanRun(models.Model):
    """One look at the tokens. Kept 90 days. At most one is unfinished, and belongs to the process that renews its lease."""

    class Asker(models.TextChoices):
        SCHEDULE = "schedule", "Schedule"
        CONFIG = "config", "Config change"
        COMMAND = "command", "Command line"
        PERSON = "person", "Scan now"

    asked_by = models.CharField(max_length=10, choices=Asker.choices)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(default=timezone.now, help_text="When another process may take over an unfinished run.")
    again_by = models.CharField(max_length=10, choices=Asker.choices, blank=True, help_text="Who asked for a scan while this one ran.")
    due = models.PositiveIntegerField(default=0)
    raised = models.PositiveIntegerField(default=0)
    cleared = models.PositiveIntegerField(default=0)
    queued = models.PositiveIntegerField(default=0, help_text="Mails queued")
    error = models.TextField(blank=True)
    # What the next scan may build on (tokens/expiry/changes.py).
    rules = models.TextField(
        blank=True, default="", db_default="", editable=False, help_text="By which it looked, until another scan has looked."
    )
    complete_at = models.DateTimeField(null=True, editable=False, help_text="When all tokens were looked at, by it or before it.")

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(Case(When(finished_at__isnull=True, then=Value(1))), name="tokens_one_scan_at_a_time"),
            models.UniqueConstraint(Case(When(~Q(rules=""), then=Value(1))), name="tokens_one_scan_to_build_on"),
        ]
        indexes = [models.Index(fields=["-finished_at"], condition=Q(error=""), name="tokens_scans_that_went_well")]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M:%S} UTC"

    @property
    def summary(self) -> str:
        if self.error:
            return f"failed: {self.error}"
        return f"{self.due} due, {self.raised} faults raised, {self.cleared} cleared, {self.queued} mails queued"

    @property
    def asker(self) -> str:
        """Who asked for it, in the words of the screens."""
        return f"{self.get_asked_by_display()} ({self.person})" if self.person else self.get_asked_by_display()


class ScanRange(models.Model):
    """A part of a run that is too large for one transaction: the due tokens after one (expiry, id) up to another. Null: no bound.

    Any worker takes a free one, by pushing its lease ahead; what it does and `done_at` are one transaction.
    """

    run = models.ForeignKey(ScanRun, on_delete=models.CASCADE, related_name="ranges")
    number = models.PositiveIntegerField()
    after_at = models.DateTimeField(null=True)
    after_id = models.UUIDField(null=True)
    upto_at = models.DateTimeField(null=True)
    upto_id = models.UUIDField(null=True)
    lease_until = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="tokens_ranges_are_numbered")]

    def __str__(self) -> str:
        return f"range {self.number}"


class Change(models.Model):
    """Something happened that the next scan has to look at: to a token, by its id as 32 hexadecimal digits. Empty: to all of them.

    Written by triggers (tokens/expiry/triggers.py) in the transaction in which it happens, and taken by each scan.
    """

    key = models.CharField(max_length=254)

    def __str__(self) -> str:
        return self.key or "all tokens"


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
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["token", "threshold", "address"], name="tokens_one_notice_per_threshold_and_address")
        ]

    def __str__(self) -> str:
        return f"{self.token_id} at {self.threshold} days to {self.address}"
