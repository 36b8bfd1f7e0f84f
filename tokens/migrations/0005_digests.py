import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tokens", "0004_room_for_uses"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Digest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.EmailField(max_length=254)),
                ("created_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("dropped", "Dropped: nothing left to tell"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("sent_at", models.DateTimeField(null=True)),
                ("message_id", models.CharField(blank=True, help_text="As the mail server accepted it", max_length=255)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("last_error", models.TextField(blank=True)),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="ScanRange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("after_at", models.DateTimeField(null=True)),
                ("after_id", models.UUIDField(null=True)),
                ("upto_at", models.DateTimeField(null=True)),
                ("upto_id", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(default=django.utils.timezone.now)),
                ("done_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.RemoveIndex(
            model_name="token",
            name="tokens_unrevoked_by_expiry",
        ),
        migrations.AddField(
            model_name="scanrun",
            name="again_by",
            field=models.CharField(
                blank=True,
                choices=[("schedule", "Schedule"), ("config", "Config change"), ("command", "Command line"), ("person", "Scan now")],
                default="",
                help_text="Who asked for a scan while this one ran.",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="scanrun",
            name="lease_until",
            field=models.DateTimeField(
                default=django.utils.timezone.now, help_text="When another process may take over an unfinished run."
            ),
        ),
        migrations.AddField(
            model_name="scanrun",
            name="person",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AlterField(
            model_name="scanrun",
            name="asked_by",
            field=models.CharField(
                choices=[("schedule", "Schedule"), ("config", "Config change"), ("command", "Command line"), ("person", "Scan now")],
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="scanrun",
            index=models.Index(condition=models.Q(("error", "")), fields=["-finished_at"], name="tokens_scans_that_went_well"),
        ),
        migrations.AddIndex(
            model_name="token",
            index=models.Index(
                condition=models.Q(("kind", "permanent"), ("revoked_at", None)),
                fields=["expires_at", "id"],
                include=("user",),
                name="tokens_due_by_expiry",
            ),
        ),
        migrations.AddIndex(
            model_name="token",
            index=models.Index(
                condition=models.Q(("kind", "permanent"), ("refused_at__isnull", False), ("revoked_at", None)),
                fields=["refused_at"],
                name="tokens_lately_refused",
            ),
        ),
        migrations.AddField(
            model_name="digest",
            name="email",
            field=models.BigIntegerField(null=True, unique=True, db_column="email_id"),
        ),
        migrations.AddField(
            model_name="digest",
            name="run",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="digests", to="tokens.scanrun"),
        ),
        migrations.AddField(
            model_name="notice",
            name="digest",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="tokens.digest"),
        ),
        migrations.AddField(
            model_name="scanrange",
            name="run",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="ranges", to="tokens.scanrun"),
        ),
        migrations.AddIndex(
            model_name="digest",
            index=models.Index(fields=["state"], name="tokens_digests_by_state"),
        ),
        migrations.AddConstraint(
            model_name="digest",
            constraint=models.UniqueConstraint(fields=("run", "address"), name="tokens_one_digest_per_scan_and_address"),
        ),
        migrations.AddConstraint(
            model_name="scanrange",
            constraint=models.UniqueConstraint(fields=("run", "number"), name="tokens_ranges_are_numbered"),
        ),
    ]
