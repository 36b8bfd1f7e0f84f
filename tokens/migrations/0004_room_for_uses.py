"""Room on each page of the tokens for the next version of a row: a use that is noted then touches none of the table's ten indexes."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def leave_room(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE tokens_token SET (fillfactor = 80)")


def leave_none(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE tokens_token RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("tokens", "0003_sign_in_codes")]
    operations = [migrations.RunPython(leave_room, leave_none)]
