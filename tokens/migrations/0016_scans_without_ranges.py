import django.db.models.deletion
from django.db import migrations, models

TRIGGERS = [("schedule", "Schedule"), ("config", "Config change"), ("command", "Command line"), ("person", "Scan now")]


class Migration(migrations.Migration):
    """The tables of changes and ranges and the columns `rules` and `complete_at` stay until the next release, for processes of the former
    one that still run. So does the column `asked_by`, under another name in Python. Ranges no longer hold on to their runs: nobody else
    deletes them."""

    dependencies = [("tokens", "0015_no_digests")]
    operations = [
        migrations.AlterField(
            model_name="scanrange",
            name="run",
            field=models.ForeignKey(
                db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name="ranges", to="tokens.scanrun"
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(name="Change"),
                migrations.DeleteModel(name="ScanRange"),
                migrations.RemoveConstraint(model_name="scanrun", name="tokens_one_scan_to_build_on"),
                migrations.RemoveField(model_name="scanrun", name="rules"),
                migrations.RemoveField(model_name="scanrun", name="complete_at"),
                migrations.AlterField(
                    model_name="scanrun",
                    name="asked_by",
                    field=models.CharField(max_length=10, choices=TRIGGERS, db_column="asked_by"),
                ),
                migrations.RenameField(model_name="scanrun", old_name="asked_by", new_name="triggered_by"),
                migrations.AlterField(
                    model_name="scanrun",
                    name="again_by",
                    field=models.CharField(
                        max_length=10,
                        choices=TRIGGERS,
                        blank=True,
                        help_text="What triggered a scan while this one ran: another one follows.",
                    ),
                ),
                migrations.AlterField(
                    model_name="scanrun", name="queued", field=models.PositiveIntegerField(default=0, help_text="Emails queued")
                ),
            ]
        ),
    ]
