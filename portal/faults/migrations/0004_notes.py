"""Notes on faults, and the index by which a page finds all faults about one thing."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("faults", "0003_unacknowledged_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FaultNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField()),
                ("created_at", models.DateTimeField()),
                (
                    "author",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
                (
                    "fault",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="notes", to="faults.fault"),
                ),
            ],
            options={
                "ordering": ["created_at", "pk"],
                "constraints": [models.CheckConstraint(condition=~models.Q(text=""), name="faults_note_has_text")],
            },
        ),
        migrations.AddIndex(
            model_name="fault",
            index=models.Index(fields=["key"], name="faults_by_key"),
        ),
    ]
