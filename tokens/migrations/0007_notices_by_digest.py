import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tokens", "0006_digests_of_earlier_mails"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveField(
            model_name="notice",
            name="email",
        ),
        migrations.RemoveField(
            model_name="notice",
            name="run",
        ),
        migrations.AlterField(
            model_name="notice",
            name="digest",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="tokens.digest"),
        ),
        migrations.AddConstraint(
            model_name="scanrun",
            constraint=models.UniqueConstraint(
                models.Case(models.When(finished_at__isnull=True, then=models.Value(1))), name="tokens_one_scan_at_a_time"
            ),
        ),
    ]
