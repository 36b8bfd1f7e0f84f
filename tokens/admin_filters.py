"""Filters of the Django admin's lists of tokens and notifications."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tokens import dates
from tokens.expiry.policy import Policy
from tokens.models import Notice, Token


class StateFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("active", "Active"), ("expired", "Expired"), ("revoked", "Revoked")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Token]) -> QuerySet[Token]:
        now = timezone.now()
        conditions = {
            "active": Q(revoked_at=None, expires_at__gt=now),
            "expired": Q(revoked_at=None, expires_at__lte=now),
            "revoked": Q(revoked_at__isnull=False),
        }
        return rows.filter(conditions.get(self.value() or "", Q()))


class KindFilter(admin.SimpleListFilter):
    """Permanent tokens if nothing is chosen, as in the portal's own lists: a temporary one is no more than a sign-in."""

    title, parameter_name = "kind", "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("temporary", "Temporary"), ("all", "All")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": "Permanent"}
        yield from others

    def queryset(self, request: HttpRequest, rows: QuerySet[Token]) -> QuerySet[Token]:
        return rows if self.value() == "all" else rows.filter(kind=self.value() or "permanent")


class ExpiryFilter(admin.SimpleListFilter):
    """By the last day. Django's filter of dates would go by the instant after it, a day later."""

    title, parameter_name = "expiry", "expiry"
    DAYS = {"0": "Today", "7": "Within 7 days", "30": "Within 30 days", "90": "Within 90 days"}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*self.DAYS.items(), ("over", "Expired")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Token]) -> QuerySet[Token]:
        now = timezone.now()
        chosen = self.value()
        if chosen == "over":
            return rows.filter(expires_at__lte=now)
        if chosen in self.DAYS:
            return rows.filter(expires_at__gt=now, expires_at__lte=dates.due_before(int(chosen), now))
        return rows


class ThresholdFilter(admin.SimpleListFilter):
    """By the days that Config has now. Django's filter would look for those that there are in all rows."""

    title, parameter_name = "days before expiry", "threshold__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(days), f"{days} day{'' if days == 1 else 's'}") for days in Policy.current().thresholds]

    def queryset(self, request: HttpRequest, rows: QuerySet[Notice]) -> QuerySet[Notice]:
        days = self.value()
        return rows.filter(threshold=int(days)) if days else rows
