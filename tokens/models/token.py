"""Tokens: what is stored of one, its state at a moment, and its status as the screens show it."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.utils import timezone

from portal.core.search_keys import SearchKeyField
from portal.core.text import fold
from tokens import dates, token_format

NAME_MAX = 100
SAMPLE = 200
FEW = 2_000  # owners that a search names one by one
PERMANENT = Q(kind="permanent")


class Literal(Value):
    """A word of our own, in the statement itself. SQLite does not know of a parameter that all rows of a partial index have it, and reads
    each from the table: a count of 10,000 tokens takes sixty times as long."""

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[()]]:
        return f"'{self.value}'", ()


class TokenQuerySet(models.QuerySet["Token"]):
    def permanent(self) -> Self:
        return self.filter(kind=Literal(Token.Kind.PERMANENT.value))

    def active(self, now: datetime) -> Self:
        """Neither revoked nor expired. The owner's own state counts too, but ends tokens by revoking them."""
        return self.filter(revoked_at=None, expires_at__gt=now)

    def with_status(self, now: datetime, expiring_before: datetime) -> Self:
        """Annotates `status`, the word that the screens show: revoked, expired, expiring or active."""
        return self.annotate(
            status=Case(
                When(revoked_at__isnull=False, then=Value("revoked")),
                When(expires_at__lte=now, then=Value("expired")),
                When(expires_at__lte=expiring_before, then=Value("expiring")),
                default=Value("active"),
            )
        )

    def having_status(self, status: str, now: datetime, expiring_before: datetime) -> Self:
        """Those that `with_status` gives this status, by conditions that indexes answer."""
        if status == "revoked":
            return self.filter(revoked_at__isnull=False)
        ends = {"expired": Q(expires_at__lte=now), "expiring": Q(expires_at__gt=now, expires_at__lte=expiring_before)}
        return self.filter(ends.get(status, Q(expires_at__gt=max(now, expiring_before))), revoked_at=None)

    def found(self, text: str) -> Self:
        """Those whose name or last characters contain `text`, or whose owner's username or display name does."""
        users = get_user_model().objects.filter(search_key__has=text).order_by()
        few = list(users.values_list("pk", flat=True)[: FEW + 1])
        if len(few) > FEW or self.is_frequent(text):  # enough rows are soon found, whatever the order
            return self.filter(Q(search_key__has=text) | Q(user__search_key__has=text))
        # The first condition is what PostgreSQL answers from two indexes; only what it lets through is compared. The last is true of every
        # key, but lets SQLite read the index of keys instead of the table.
        owners = Q(user__in=few)
        return self.filter(Q(search_key__may_have=text) | owners, Q(search_key__has=text) | owners, search_key__gte="")

    def is_frequent(self, text: str) -> bool:
        """Whether one in ten of the newest tokens has `text` in its key. PostgreSQL does not know, and would collect them all."""
        newest = Token.objects.permanent().order_by("-created_at", "-pk").values_list("search_key", flat=True)[:SAMPLE]
        return sum(fold(text) in key for key in newest) >= SAMPLE // 10

    def listed(self, now: datetime, expiring_before: datetime) -> Self:
        """Permanent tokens with all that the lists and the API show of one: `status`, `has_created` (others, through the API)."""
        others = Token.objects.filter(created_with=OuterRef("pk"))
        rows = self.permanent().with_status(now, expiring_before).annotate(has_created=Exists(others))
        return rows.select_related("user", "created_by", "created_with", "revoked_by")


class Token(models.Model):
    class Kind(models.TextChoices):
        PERMANENT = "permanent", "Permanent"
        TEMPORARY = "temporary", "Temporary"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tokens")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERMANENT)
    name = models.CharField(max_length=NAME_MAX)
    digest = models.BinaryField(max_length=32, unique=True)
    last_four = models.CharField(max_length=4)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    # The permanent token by which it was created through the API; none if a person or the command line did.
    created_with = models.ForeignKey("self", on_delete=models.PROTECT, null=True, editable=False, related_name="created_tokens")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_from = models.GenericIPAddressField(null=True, blank=True)
    # Uses after its end: they say which pipeline is broken, and where it runs.
    refused_count = models.PositiveIntegerField(default=0)
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_from = models.GenericIPAddressField(null=True, blank=True)
    # Permanent: false once an expired token has given its name to a newer one (a constraint cannot look at the clock).
    holds_name = models.BooleanField(default=True, editable=False)
    # Temporary: the owner's session hash at sign-in. When the owner's hash has changed, the session has ended, and so has the token.
    session_hash = models.CharField(max_length=64, blank=True, editable=False)
    # What the creating form sent along, so that sending the same form twice makes one token.
    request_id = models.UUIDField(null=True, unique=True, editable=False)

    search_key = SearchKeyField("name", "last_four")

    objects = TokenQuerySet.as_manager()

    status: str  # annotated by with_status
    has_created: bool  # annotated by listed

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"],
                condition=Q(kind="permanent", revoked_at=None, holds_name=True),
                name="tokens_name_once_per_user",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("created_at")), name="tokens_expire_after_creation"),
        ]
        indexes = [
            # The scan's: with the id, by which a scan is divided into batches, and everything else that it reads of a due token.
            models.Index(
                fields=["expires_at", "id"],
                condition=Q(kind="permanent", revoked_at=None),
                include=["user"],
                name="tokens_due_by_expiry",
            ),
            models.Index(
                fields=["refused_at"],
                condition=Q(kind="permanent", revoked_at=None, refused_at__isnull=False),
                name="tokens_lately_refused",
            ),
            models.Index(fields=["user", "-created_at"], name="tokens_by_user"),
            # The orders of the lists; what is not revoked is sorted by status through tokens_due_by_expiry.
            models.Index(fields=["created_at", "id"], condition=PERMANENT, name="tokens_permanent_by_creation"),
            models.Index(fields=["search_key", "id"], condition=PERMANENT, name="tokens_permanent_by_name"),
            models.Index(fields=["expires_at", "id"], condition=PERMANENT, name="tokens_permanent_by_expiry"),
            models.Index(fields=["expires_at", "id"], condition=PERMANENT & Q(revoked_at__isnull=False), name="tokens_revoked_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint})"

    @property
    def prefix(self) -> str:
        return token_format.PERMANENT if self.kind == self.Kind.PERMANENT else token_format.TEMPORARY

    @property
    def hint(self) -> str:
        return f"{self.prefix}…{self.last_four}"

    @property
    def last_moment(self) -> datetime:
        """The last instant at which the token is valid; its date is the Expiry Date that was asked for."""
        return self.expires_at - timedelta(microseconds=1)

    @property
    def expires_on(self) -> date:
        """The last day on which the token is valid, in `TIME_ZONE`: every page, email and API response says this one."""
        return dates.day_of(self.last_moment)
