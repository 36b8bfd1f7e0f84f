from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tokens", "0009_changes_between_scans"),
    ]

    operations = [
        migrations.AddField(
            model_name="calendarlink",
            name="seal",
            field=models.CharField(db_default="", editable=False, max_length=64),
        ),
    ]
