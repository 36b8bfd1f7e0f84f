from typing import Any

import django_filters
import django_tables2 as tables

from portal.core.list_views import narrow_column
from portal.faults.models import FaultQuerySet

SEARCH = ("name__finds", "resource__finds", "description__finds")


class FaultTable(tables.Table):
    details = narrow_column("faults/_toggle.html", title="Details")
    name = tables.Column()
    resource = tables.TemplateColumn(template_name="_name.html")
    description = tables.TemplateColumn(template_name="_name.html")
    severity = tables.TemplateColumn(template_name="faults/_severity.html")
    raised_at = tables.TemplateColumn(template_name="_when_value.html", verbose_name="Raised")
    state = tables.TemplateColumn(template_name="faults/_state.html", order_by="progress")

    class Meta:
        order_by = "-raised_at"
        row_attrs = {"data-fault": lambda record: record.pk}


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
