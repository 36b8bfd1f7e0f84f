from django.db import migrations


class Migration(migrations.Migration):
    """Messages took their place. The table and the column stay until the next release, for processes of the former one that still run."""

    dependencies = [("tokens", "0014_messages_of_former_emails")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField(model_name="notice", name="digest"),
                migrations.DeleteModel(name="Digest"),
            ]
        )
    ]
