"""The lists of groups, and of a group's members."""

from typing import Any

import django_filters
import django_tables2 as tables
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from portal.core.csv_export import Columns
from portal.core.tables import ListTable, narrow_column
from portal.directory.models import Group, Membership, Ownership


class GroupTable(ListTable):
    list_name = "groups"
    rows_template = "directory/_group_rows.html"
    exports = True

    name = tables.Column(order_by="search_key")
    origin = tables.Column(verbose_name="Source", orderable=False, empty_values=())
    members = tables.Column(orderable=False, empty_values=())
    owned = tables.Column(verbose_name="Service accounts", orderable=False, empty_values=())
    created_at = tables.Column(verbose_name="Created", orderable=False)

    class Meta:
        order_by = "name"


class GroupFilter(django_filters.FilterSet):
    source = django_filters.ChoiceFilter(label="Source", empty_label="Any source", choices=Group.Source.choices)


CSV_COLUMNS: Columns = {
    "ID": lambda group: group.pk,
    "Name": lambda group: group.name,
    "Description": lambda group: group.description,
    "Source": lambda group: group.source,
    "Members": lambda group: group.member_count,
    "Service accounts": lambda group: group.owned_count,
    "Created": lambda group: group.created_at,
}


def with_counts(groups: QuerySet[Group]) -> QuerySet[Any]:
    """Annotates `member_count` and `owned_count`."""
    return groups.annotate(member_count=counted(Membership), owned_count=counted(Ownership))


def counted(model: type[Membership] | type[Ownership]) -> Coalesce:
    theirs: QuerySet[Any] = model._default_manager.filter(group=OuterRef("pk")).order_by().values("group")
    return Coalesce(Subquery(theirs.annotate(n=Count("pk")).values("n")), 0)


class MemberTable(ListTable):
    list_name = "members"
    rows_template = "directory/_member_rows.html"

    username = tables.Column(order_by="search_key")
    role = tables.Column(verbose_name="Role", orderable=False)
    is_active = tables.Column(verbose_name="Status", orderable=False)
    revoke = narrow_column()

    class Meta:
        order_by = "username"
