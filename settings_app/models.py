from typing import Self

from django.db import models
from django.db.models import Case, F, Value, When
from django.utils import timezone

from settings_app import panels
from settings_app.registry import KEYS


class ConfigQuerySet(models.QuerySet["Config"]):
    def with_labels(self) -> Self:
        """Annotates `label`, `type` and `aliases` from the registry, so that a list can search and sort by what it shows, and finds the
        names in older documents."""
        return self.annotate(
            label=Case(*(When(key=key.name, then=Value(key.label)) for key in KEYS.values()), default=F("key")),
            type=Case(*(When(key=key.name, then=Value(key.type)) for key in KEYS.values()), default=Value("")),
            aliases=Case(
                *(When(key=key.name, then=Value("\n".join(key.aliases))) for key in KEYS.values() if key.aliases), default=Value("")
            ),
        )


class Config(models.Model):
    """One key that somebody has set. A key without a row has its default (`settings_app.registry`)."""

    key = models.CharField(max_length=50, unique=True)
    value = models.TextField()
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ConfigQuerySet.as_manager()
    audit_kind = "setting"

    class Meta:
        ordering = ["key"]
        verbose_name = verbose_name_plural = "config"

    def __str__(self) -> str:
        return self.key

    @property
    def audit_id(self) -> str:
        """The audit trail knows a setting by its key: one that is deleted and added again is the same."""
        return self.key

    @property
    def actions(self) -> list[panels.Action]:
        """What the row's menu offers beside Update and Delete."""
        return panels.actions_of(self.key)
