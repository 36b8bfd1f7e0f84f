import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tokens", "0022_names_in_the_admin"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkRevocation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.GenericIPAddressField(help_text="Where the request came from, for the audit trail", null=True)),
                ("user_agent", models.TextField(blank=True)),
                ("session", models.CharField(blank=True, help_text="The session's trace, for the audit trail", max_length=16)),
                ("created_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("total", models.PositiveIntegerField(default=0)),
                ("revoked", models.PositiveIntegerField(default=0)),
                ("skipped", models.PositiveIntegerField(default=0, help_text="Tokens that somebody else had revoked meanwhile")),
                ("error", models.TextField(blank=True, help_text="Why it stopped before its end")),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="BulkRevocationItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("job", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="items", to="tokens.bulkrevocation")),
                ("token", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tokens.token")),
            ],
        ),
        migrations.AddIndex(
            model_name="bulkrevocation",
            index=models.Index(condition=models.Q(("finished_at", None)), fields=["id"], name="tokens_unfinished_revocations"),
        ),
        migrations.AddConstraint(
            model_name="bulkrevocation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("total__gte", django.db.models.expressions.CombinedExpression(models.F("revoked"), "+", models.F("skipped")))
                ),
                name="tokens_revocation_counts_each_token_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkrevocationitem",
            constraint=models.UniqueConstraint(fields=("job", "token"), name="tokens_revocation_item_once"),
        ),
    ]
