from typing import Any

import django_filters
import django_tables2 as tables

from portal.core.tables import ListTable, narrow_column
from portal.faults.models import FaultQuerySet

SEARCH = ("name__finds", "resource__finds", "description__finds")


class FaultTable(ListTable):
    rows_template = "faults/_rows.html"

    details = narrow_column("Details")
    name = tables.Column()
    resource = tables.Column()
    description = tables.Column()
    severity = tables.Column()
    raised_at = tables.Column(verbose_name="Raised")
    state = tables.Column(order_by="progress")

    class Meta:
        order_by = "-raised_at"


class FaultFilter(django_filters.FilterSet):
    """By state. Without a choice the list shows what is open, acknowledged or not."""

    state = django_filters.ChoiceFilter(
        label="State",
        method="by_state",
        empty_label="Open and acknowledged",
        choices=[("open", "Open"), ("acknowledged", "Acknowledged"), ("cleared", "Cleared"), ("all", "All")],
    )

    def by_state(self, rows: FaultQuerySet, name: str, value: str) -> FaultQuerySet:
        conditions: dict[str, dict[str, Any]] = {
            "open": {"cleared_at": None, "acknowledged_at": None},
            "acknowledged": {"cleared_at": None, "acknowledged_at__isnull": False},
            "cleared": {"cleared_at__isnull": False},
            "all": {},
        }
        return rows.filter(**conditions[value])

    def filter_queryset(self, queryset: FaultQuerySet) -> FaultQuerySet:
        if not self.form.cleaned_data.get("state"):
            return queryset.open()
        return super().filter_queryset(queryset)
