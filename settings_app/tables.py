import django_tables2 as tables

from portal.core.tables import ListTable, narrow_column


class ConfigTable(ListTable):
    list_name = "config"
    rows_template = "settings_app/_rows.html"

    menu = narrow_column()
    type = tables.Column()
    label = tables.Column(verbose_name="Key")
    value = tables.Column()

    class Meta:
        order_by = ("type", "label")
