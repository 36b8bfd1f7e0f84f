"""Bulk revocations: a job for all tokens that matched a filter, and a row for each token that it still has to revoke."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class BulkRevocation(models.Model):
    """Kept 90 days. The tokens are those that matched when the administrator confirmed: later ones are not affected."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    address = models.GenericIPAddressField(null=True, help_text="Where the request came from, for the audit trail")
    user_agent = models.TextField(blank=True)
    session = models.CharField(max_length=16, blank=True, help_text="The session's trace, for the audit trail")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    total = models.PositiveIntegerField(default=0)
    revoked = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0, help_text="Tokens that somebody else had revoked meanwhile")
    error = models.TextField(blank=True, help_text="Why it stopped before its end")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(total__gte=F("revoked") + F("skipped")), name="tokens_revocation_counts_each_token_once")
        ]
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="tokens_unfinished_revocations")]

    def __str__(self) -> str:
        return f"Revocation of {self.total:,} tokens"

    @property
    def done(self) -> int:
        return self.revoked + self.skipped


class BulkRevocationItem(models.Model):
    """A token that is still to be revoked: deleted in the transaction that revokes it."""

    job = models.ForeignKey(BulkRevocation, on_delete=models.CASCADE, related_name="items")
    token = models.ForeignKey("tokens.Token", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "token"], name="tokens_revocation_item_once")]

    def __str__(self) -> str:
        return str(self.token_id)
