from typing import Any

import django_filters
import django_tables2 as tables

from portal.core.csv_export import Columns
from portal.core.tables import ListTable, narrow_column
from portal.faults.models import Fault, FaultQuerySet

SEARCH = ("name__finds", "resource__finds", "description__finds")


class FaultTable(ListTable):
    list_name = "faults"
    rows_template = "faults/_rows.html"
    exports = True

    select = narrow_column()
    details = narrow_column("Details")
    name = tables.Column()
    resource = tables.Column()
    description = tables.Column()
    severity = tables.Column()
    raised_at = tables.Column(verbose_name="Raised")
    state = tables.Column(order_by="progress")

    class Meta:
        order_by = "-raised_at"


CSV_COLUMNS: Columns = {
    "ID": lambda fault: fault.pk,
    "Name": lambda fault: fault.name,
    "Resource": lambda fault: fault.resource,
    "Description": lambda fault: fault.description,
    "Severity": lambda fault: fault.severity,
    "Raised": lambda fault: fault.raised_at,
    "State": lambda fault: fault.state,
    "Acknowledged": lambda fault: fault.acknowledged_at,
    "Acknowledged by": lambda fault: fault.acknowledged_by and fault.acknowledged_by.username,
    "Cleared": lambda fault: fault.cleared_at,
}


class FaultFilter(django_filters.FilterSet):
    """By state and severity. Without a choice of state the list shows what is open, acknowledged or not."""

    state = django_filters.ChoiceFilter(
        label="State",
        method="by_state",
        empty_label="Open and acknowledged",
        choices=[("open", "Open"), ("acknowledged", "Acknowledged"), ("cleared", "Cleared"), ("all", "All")],
    )

    severity = django_filters.ChoiceFilter(label="Severity", empty_label="Any severity", choices=Fault.Severity.choices)

    def by_state(self, rows: FaultQuerySet, name: str, value: str) -> FaultQuerySet:
        conditions: dict[str, dict[str, Any]] = {
            "open": {"cleared_at": None, "acknowledged_at": None},
            "acknowledged": {"cleared_at": None, "acknowledged_at__isnull": False},
            "cleared": {"cleared_at__isnull": False},
            "all": {},
        }
        return rows.filter(**conditions[value])

    def filter_queryset(self, queryset: FaultQuerySet) -> FaultQuerySet:
        rows = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("state") else rows.open()
