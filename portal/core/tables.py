"""Tables of lists: django-tables2 says which columns there are and how they sort; one template per table renders all of its rows."""

from collections.abc import Collection
from typing import ClassVar

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.core.keyset import Part


class ListTable(tables.Table):
    """`rows_template` renders `list.rows`: a template for each cell would run every context processor for each cell."""

    rows_template: str
    list_name = ""  # of the cookie that says which columns are hidden, and of saved filters
    exports = False  # can the list be saved as CSV? Such lists have saved filters, too
    orders: ClassVar[dict[str, list[Part]]] = {}  # the parts of an order by something else than one column, see portal.core.list_views

    def hide(self, names: Collection[str]) -> None:
        """Hides those of `names` that can be hidden: all that have a heading but the first of these, which says what the row is."""
        for column in list(self.columns)[1:]:
            if column.name in names and column.name in dict(self.choices()):
                self.columns.hide(column.name)

    def choices(self) -> list[tuple[str, str]]:
        """Name and heading of each column that can be hidden."""
        titled = [(column.name, column.header) for column in self.columns.iterall() if column.header and column.name != "details"]
        return titled[1:]

    def cells(self) -> list[tuple[str, SafeString]]:
        """Name and `<td>`'s attributes of each column. The roles are said because a phone shows a row as a card, which is no table
        to every browser."""
        return [(column.name, cell_attributes(column.name, column.header)) for column in self.columns]


def cell_attributes(name: str, label: str) -> SafeString:
    return format_html('class="col-{}" role="cell" data-label="{}"', name, label) if label else narrow_attributes(name)


def narrow_attributes(name: str) -> SafeString:
    return format_html('class="col-{}" role="cell"', name)


def narrow_column(title: str = "") -> tables.Column:
    """A column without a heading or an order: the row's menu, its box, its toggle."""
    return tables.Column(orderable=False, verbose_name=title, empty_values=())
