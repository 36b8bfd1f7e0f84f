"""The former release had triggers write down which tokens a scan must read. Processes of it that still run read all tokens when they miss
them. Before any other change: SQLite cannot alter a table that another table's trigger names."""

from django.db import migrations

TRIGGERS = {
    "postgresql": "SELECT DISTINCT tgname FROM pg_trigger WHERE tgname LIKE 'tokens\\_change\\_%'",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'tokens\\_change\\_%' ESCAPE '\\'",
}
DROP = {"postgresql": 'DROP FUNCTION IF EXISTS "{name}" CASCADE', "sqlite": 'DROP TRIGGER IF EXISTS "{name}"'}


def drop(apps: object, schema_editor: object) -> None:
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS[connection.vendor])
        for (name,) in cursor.fetchall():
            cursor.execute(DROP[connection.vendor].format(name=name))


class Migration(migrations.Migration):
    dependencies = [("tokens", "0012_created_with")]
    operations = [migrations.RunPython(drop, migrations.RunPython.noop)]
