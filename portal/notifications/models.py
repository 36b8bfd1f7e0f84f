"""The outbox: one row for each notification, which says what it is about and what became of it."""

from django.db import models
from django.db.models import Q


class Message(models.Model):
    """A notification to one recipient. Kept as the record of who was notified of what, and when.

    Its text is rendered when it is sent (`renderers`), so no row holds a one-time link, and none speaks of what has changed meanwhile."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    channel = models.CharField(max_length=20, default="email")
    kind = models.CharField(max_length=40, help_text="Which renderer writes it.")
    recipient = models.CharField(max_length=254)
    subject = models.CharField(max_length=200, blank=True, help_text="As it was sent.")
    about = models.JSONField(default=dict, blank=True, help_text="What the renderer needs to know.")
    content = models.JSONField(null=True, editable=False, help_text="What a library wrote. Deleted once the message is sent or has failed.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0, help_text="Attempts begun, also those during which a worker was killed.")
    next_attempt_at = models.DateTimeField(help_text="While it is being sent: when another worker may try, should this one be killed.")
    # Set once and never changed: by it mail programs recognise the copy that is sent after a kill between accepting and recording it.
    message_id = models.CharField("Message-ID", max_length=255, unique=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_index=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | ~Q(state="sent") & Q(sent_at=None),
                name="notifications_sent_at_once_sent",
            )
        ]
        indexes = [models.Index(fields=["state", "next_attempt_at"], name="notifications_by_next_attempt")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.created_at:%Y-%m-%d %H:%M} UTC to {self.recipient}"
