import django_tables2 as tables


class ConfigTable(tables.Table):
    menu = tables.TemplateColumn(template_name="settings_app/_menu.html", orderable=False, verbose_name="", attrs={"th": {"class": "col-menu"}})
    type = tables.TemplateColumn(template_name="settings_app/_type.html")
    label = tables.Column(verbose_name="Key")
    value = tables.Column()

    class Meta:
        order_by = ("type", "label")
