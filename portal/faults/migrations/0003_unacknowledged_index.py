"""The bell counts and lists open faults on every page: from this index, however many were cleared."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("faults", "0002_key_holds_an_address"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="fault",
            index=models.Index(
                condition=models.Q(("acknowledged_at", None), ("cleared_at", None)),
                fields=["-raised_at", "-id"],
                name="faults_unacknowledged",
            ),
        ),
    ]
