from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(default="email", max_length=20)),
                ("kind", models.CharField(help_text="Which renderer writes it.", max_length=40)),
                ("recipient", models.CharField(max_length=254)),
                ("subject", models.CharField(blank=True, help_text="As it was sent.", max_length=200)),
                ("about", models.JSONField(blank=True, default=dict, help_text="What the renderer needs to know.")),
                (
                    "content",
                    models.JSONField(
                        editable=False, help_text="What a library wrote. Deleted once the message is sent or has failed.", null=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "Queued"), ("sending", "Sending"), ("sent", "Sent"), ("failed", "Failed")],
                        default="queued",
                        max_length=10,
                    ),
                ),
                (
                    "attempts",
                    models.PositiveIntegerField(default=0, help_text="Attempts begun, also those during which a worker was killed."),
                ),
                (
                    "next_attempt_at",
                    models.DateTimeField(help_text="While it is being sent: when another worker may try, should this one be killed."),
                ),
                ("message_id", models.CharField(max_length=255, unique=True, verbose_name="Message-ID")),
                ("last_error", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(db_index=True)),
                ("last_attempt_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-created_at"],
                "indexes": [models.Index(fields=["state", "next_attempt_at"], name="notifications_by_next_attempt")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sent_at__isnull", False), ("state", "sent")),
                            models.Q(models.Q(("state", "sent"), _negated=True), ("sent_at", None)),
                            _connector="OR",
                        ),
                        name="notifications_sent_at_once_sent",
                    )
                ],
            },
        ),
    ]
