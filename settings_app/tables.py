import django_tables2 as tables

from portal.core.list_views import narrow_column


class ConfigTable(tables.Table):
    menu = narrow_column("settings_app/_menu.html")
    type = tables.TemplateColumn(template_name="settings_app/_type.html")
    label = tables.Column(verbose_name="Key")
    value = tables.Column()

    class Meta:
        order_by = ("type", "label")
