"""Groups of people, who is managed by the directory, and who owns service accounts."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.search_keys
import portal.directory.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("users", "0012_may_provision"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ManagedUser",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="managed",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("by_claim", models.BooleanField(default=False)),
                ("by_scim", models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name="Group",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=255)),
                ("name_key", portal.directory.models.NameKeyField(editable=False, max_length=510)),
                ("description", models.CharField(blank=True, max_length=500)),
                (
                    "source",
                    models.CharField(
                        choices=[("manual", "Manual"), ("scim", "SCIM"), ("claim", "Company sign-in")], default="manual", max_length=10
                    ),
                ),
                ("created_at", models.DateTimeField(editable=False)),
                ("search_key", portal.core.search_keys.SearchKeyField("name", "description", db_default="", default="", editable=False)),
            ],
            options={
                "ordering": ["name"],
                "indexes": [models.Index(fields=["search_key", "id"], name="directory_group_by_name")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("name_key"), condition=models.Q(("source", "claim"), _negated=True), name="directory_group_name_once"
                    ),
                    models.UniqueConstraint(
                        models.F("name_key"), condition=models.Q(("source", "claim")), name="directory_claim_group_name_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("group", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="directory.group")),
                (
                    "user",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="memberships", to=settings.AUTH_USER_MODEL),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(models.F("group"), models.F("user"), name="directory_member_once")],
            },
        ),
        migrations.CreateModel(
            name="Ownership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "group",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="owned", to="directory.group"),
                ),
                (
                    "service_account",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="owners", to=settings.AUTH_USER_MODEL),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="owned", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("group__isnull", False), ("user", None)),
                            models.Q(("group", None), ("user__isnull", False)),
                            _connector="OR",
                        ),
                        name="directory_owner_is_user_or_group",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("user", models.F("service_account")), _negated=True), name="directory_owner_is_another"
                    ),
                    models.UniqueConstraint(models.F("service_account"), models.F("user"), name="directory_owner_user_once"),
                    models.UniqueConstraint(models.F("service_account"), models.F("group"), name="directory_owner_group_once"),
                ],
            },
        ),
    ]
