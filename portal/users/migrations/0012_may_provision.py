"""The permission to provision users by SCIM. The column has a default in the database: the previous release knows nothing of it."""

from django.db import migrations, models

ONLY_SERVICE_ACCOUNTS = models.Q(kind="service") | models.Q(may_provision=False)


class Migration(migrations.Migration):
    dependencies = [("users", "0011_saved_filters")]
    operations = [
        migrations.AddField("user", "may_provision", models.BooleanField(default=False, db_default=False)),
        migrations.AddConstraint(
            "user", models.CheckConstraint(condition=ONLY_SERVICE_ACCOUNTS, name="users_only_service_accounts_provision")
        ),
    ]
