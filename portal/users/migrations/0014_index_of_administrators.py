"""The few rows that every change of a user locks are found without reading all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0013_former_names")]
    operations = [
        migrations.AddIndex(
            "user",
            models.Index(fields=["id"], condition=models.Q(role="administrator", deleted_at=None), name="users_administrators"),
        ),
    ]
