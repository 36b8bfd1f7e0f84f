import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_initial"),
        ("tokens", "0013_drop_change_triggers"),
    ]

    operations = [
        migrations.AddField(
            model_name="notice",
            name="message",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="notifications.message"
            ),
        ),
        migrations.AlterField(
            model_name="digest",
            name="run",
            field=models.ForeignKey(
                db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="digests", to="tokens.scanrun"
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="digest",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="tokens.digest"),
        ),
    ]
