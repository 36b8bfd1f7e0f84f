from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from portal.core.search_keys import fill


def fill_keys(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    fill(apps.get_model("users", "User").objects.all())


class Migration(migrations.Migration):
    atomic = False  # each batch is a transaction of its own
    dependencies = [("users", "0008_search_key")]
    operations = [migrations.RunPython(fill_keys, migrations.RunPython.noop)]
