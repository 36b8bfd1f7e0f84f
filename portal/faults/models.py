"""Something that an operator should look at. A fault knows a source's name and a key, never a token."""

from typing import Self

from django.conf import settings
from django.db import models


class FaultQuerySet(models.QuerySet["Fault"]):
    def open(self) -> Self:
        return self.filter(cleared_at=None)

    def unacknowledged(self) -> Self:
        return self.open().filter(acknowledged_at=None)

    def acknowledged(self) -> Self:
        return self.open().filter(acknowledged_at__isnull=False)

    def with_progress(self) -> Self:
        """Annotates `progress`, by which lists sort states: open, acknowledged, cleared."""
        cleared, acknowledged = models.When(cleared_at__isnull=False, then=2), models.When(acknowledged_at__isnull=False, then=1)
        return self.annotate(progress=models.Case(cleared, acknowledged, default=0))


class Fault(models.Model):
    class Severity(models.TextChoices):
        WARNING = "warning", "Warning"
        CRITICAL = "critical", "Critical"

    source = models.CharField(max_length=50, help_text="Which rule raised it; with the key it says what it is about.")
    key = models.CharField(max_length=254)  # an id, or an email address
    name = models.CharField(max_length=100)
    resource = models.CharField(max_length=300)
    description = models.TextField()
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.WARNING)
    # Where to go from here: [{"label", "url", "admin_url"}]; the second for operators, who do not see the pages of administrators.
    links = models.JSONField(default=list, blank=True)
    raised_at = models.DateTimeField(db_index=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cleared_at = models.DateTimeField(null=True, blank=True)

    objects = FaultQuerySet.as_manager()

    class Meta:
        ordering = ["-raised_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "key"], condition=models.Q(cleared_at=None), name="faults_one_open_per_source_and_key"
            )
        ]
        indexes = [
            # What the bell counts and lists, on every page.
            models.Index(
                fields=["-raised_at", "-id"], condition=models.Q(cleared_at=None, acknowledged_at=None), name="faults_unacknowledged"
            ),
            models.Index(fields=["key"], name="faults_by_key"),  # all faults about one thing, for its page
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.resource}"

    @property
    def state(self) -> str:
        if self.cleared_at:
            return "Cleared"
        return "Acknowledged" if self.acknowledged_at else "Open"


class FaultNote(models.Model):
    """What somebody who reviews faults wrote about one. It is never changed."""

    fault = models.ForeignKey(Fault, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [models.CheckConstraint(condition=~models.Q(text=""), name="faults_note_has_text")]

    def __str__(self) -> str:
        return f"Note of {self.created_at:%Y-%m-%d %H:%M} UTC"
